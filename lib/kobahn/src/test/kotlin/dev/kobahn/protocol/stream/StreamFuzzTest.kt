package dev.kobahn.protocol.stream

import com.code_intelligence.jazzer.junit.FuzzTest

/**
 * Feeds arbitrary bytes to a stream, a protocol and a frame parser, see [StreamComparison]. The
 * first byte of an input chooses role and limits, the second the size of the pieces; the rest is
 * fed.
 */
class StreamFuzzTest {
    @FuzzTest
    fun bytes(input: ByteArray) {
        if (input.size < 2) return
        val size = input[1].toInt()
        StreamComparison(input[0].toInt()).feed(input.copyOfRange(2, input.size)) { size }
    }
}
