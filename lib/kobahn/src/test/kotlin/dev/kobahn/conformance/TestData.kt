package dev.kobahn.conformance

import dev.kobahn.Message
import dev.kobahn.protocol.MessageType
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer
import kotlin.random.Random

/** The sizes are multiples of it, and no code point of the text lies across one. */
private const val UNIT = 16

/** No multiple of any size, so that the rings have gone round before two messages are alike. */
private const val RING_SIZE = UNIT * 16_411

/**
 * What is sent. As in the Autobahn test suite, a message goes on where the one before it ended in
 * a ring of data, which is larger than any window.
 */
internal class TestData private constructor(val type: MessageType, private val ring: ByteArray) {
    private var position = 0

    /** The next message, of [size] bytes, which must be a multiple of 16. */
    fun next(size: Int): Message {
        val bytes = ByteArray(size)
        var filled = 0
        while (filled < size) {
            val length = minOf(size - filled, ring.size - position)
            ring.copyInto(bytes, filled, position, position + length)
            filled += length
            position = (position + length) % ring.size
        }
        return if (type ==
            MessageType.TEXT
        ) {
            Message.Text.unchecked(bytes)
        } else {
            Message.Binary(bytes)
        }
    }

    /** The same messages again, for who receives them. */
    fun copy(): TestData = TestData(type, ring).also { it.position = position }

    companion object {
        private const val SEED = 7692

        /** JSON with words that come back as those of a language do, some of them not ASCII. */
        fun text(): TestData = TestData(MessageType.TEXT, jsonRing(Random(SEED)))

        /** Records of numbers, and stretches that nothing can compress, as a PDF has them. */
        fun binary(): TestData = TestData(MessageType.BINARY, recordRing(Random(SEED)))

        private fun jsonRing(random: Random): ByteArray {
            val words = List(1000) { word(random) }
            val ring = ByteArrayOutputStream(RING_SIZE)
            while (ring.size() < RING_SIZE) {
                for (char in record(words, random)) append(ring, char.toString().toByteArray())
            }
            return ring.toByteArray().copyOf(RING_SIZE)
        }

        private fun append(ring: ByteArrayOutputStream, codePoint: ByteArray) {
            while (ring.size() % UNIT + codePoint.size > UNIT) ring.write(' '.code)
            ring.write(codePoint)
        }

        private fun word(random: Random): String {
            val syllables = listOf("ka", "to", "ri", "sen", "mü", "lo", "ße", "an", "di", "ur", "へ")
            return List(random.nextInt(1, 5)) { syllables.random(random) }.joinToString("")
        }

        private fun record(words: List<String>, random: Random): String {
            // common words are more common
            val text = List(random.nextInt(4, 20)) {
                words[(words.size * random.nextDouble() * random.nextDouble()).toInt()]
            }
            return """{"id": ${random.nextInt(1_000_000)}, "active": ${random.nextBoolean()}, """ +
                """"position": [${random.nextInt(-180, 180)}.${random.nextInt(10_000)}], """ +
                """"text": "${text.joinToString(" ")}"},""" + "\n"
        }

        private fun recordRing(random: Random): ByteArray {
            val ring = ByteBuffer.allocate(RING_SIZE)
            var count = 0
            while (ring.hasRemaining()) {
                val record = ByteBuffer.allocate(UNIT)
                if (count / 512 % 4 == 3) {
                    record.put(random.nextBytes(UNIT))
                } else {
                    record.putInt(count).putLong(1_700_000_000_000L + count * 997L)
                    record.putInt(random.nextInt(1000))
                }
                ring.put(record.array())
                count++
            }
            return ring.array()
        }
    }
}
