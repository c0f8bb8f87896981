package dev.kobahn.protocol

import java.nio.ByteBuffer
import java.nio.CharBuffer
import java.nio.charset.CodingErrorAction

/**
 * Two independent references for UTF-8: the grammar of RFC 3629 section 4, and the JDK's decoder.
 */
internal object Utf8Reference {
    private val TAIL = 0x80..0xBF
    private val SEQUENCES = listOf(
        listOf(0x00..0x7F),
        listOf(0xC2..0xDF, TAIL),
        listOf(0xE0..0xE0, 0xA0..0xBF, TAIL),
        listOf(0xE1..0xEC, TAIL, TAIL),
        listOf(0xED..0xED, 0x80..0x9F, TAIL),
        listOf(0xEE..0xEF, TAIL, TAIL),
        listOf(0xF0..0xF0, 0x90..0xBF, TAIL, TAIL),
        listOf(0xF1..0xF3, TAIL, TAIL, TAIL),
        listOf(0xF4..0xF4, 0x80..0x8F, TAIL, TAIL),
    )

    /** Returns the index of the first byte that no valid text can have there, or null. */
    fun firstInvalid(bytes: ByteArray): Int? {
        var start = 0
        while (start < bytes.size) {
            val (length, whole) = longestMatch(bytes, start)
            if (!whole) return (start + length).takeIf { it < bytes.size }
            start += length
        }
        return null
    }

    private fun longestMatch(bytes: ByteArray, start: Int): Pair<Int, Boolean> {
        val matches = SEQUENCES.map { sequence ->
            val length = sequence.indices
                .takeWhile {
                    start + it < bytes.size &&
                        bytes[start + it].toInt() and 0xFF in sequence[it]
                }
                .size
            length to (length == sequence.size)
        }
        return matches.maxBy { it.first }
    }

    private val decoder = Charsets.UTF_8.newDecoder()
        .onMalformedInput(CodingErrorAction.REPORT)
        .onUnmappableCharacter(CodingErrorAction.REPORT)
    private var chars = CharBuffer.allocate(64)

    /** Whether the JDK decodes the first [length] of [bytes]. Not thread-safe. */
    fun isValid(bytes: ByteArray, length: Int = bytes.size): Boolean {
        if (chars.capacity() < length) chars = CharBuffer.allocate(length)
        chars.clear()
        return decoder.reset().decode(ByteBuffer.wrap(bytes, 0, length), chars, true).isUnderflow
    }
}
