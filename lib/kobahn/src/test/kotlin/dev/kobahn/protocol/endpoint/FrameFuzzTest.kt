package dev.kobahn.protocol.endpoint

import com.code_intelligence.jazzer.junit.FuzzTest

/**
 * Feeds arbitrary bytes to a protocol of either role, see [HostileInput]. The first byte of an
 * input chooses the configuration and the kind of buffer, the second the size of the pieces; the
 * rest is fed.
 */
class FrameFuzzTest {
    @FuzzTest
    fun frames(input: ByteArray) {
        if (input.size < 2) return
        val choice = input[0].toInt()
        val size = input[1].toInt() and 0x7F
        val hostile = HostileInput(HostileInput.config(choice))
        hostile.feed(input.copyOfRange(2, input.size), direct = choice < 0) { size }
        hostile.checkOutput()
    }
}
