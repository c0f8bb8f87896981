package dev.kobahn.protocol.extension

import kotlin.random.Random

/** Kinds of bytes that compress differently. */
internal enum class SampleData {
    /** Records as in JSON. */
    TEXT {
        override fun bytes(size: Int, windowBits: Int, random: Random): ByteArray {
            val text = StringBuilder(size + 100)
            while (text.length < size) {
                text.append("{\"id\":").append(random.nextInt(100_000)).append(",\"name\":\"")
                text.append(NAMES.random(random)).append("\",\"ok\":").append(random.nextBoolean())
                text.append("},")
            }
            return text.substring(0, size).encodeToByteArray()
        }
    },

    RANDOM {
        override fun bytes(size: Int, windowBits: Int, random: Random) = random.nextBytes(size)
    },

    /** The same byte many times, then another. */
    RUNS {
        override fun bytes(size: Int, windowBits: Int, random: Random): ByteArray {
            val bytes = ByteArray(size)
            var from = 0
            while (from < size) {
                val end = minOf(size, from + random.nextInt(1, 3 shl windowBits))
                bytes.fill(random.nextInt().toByte(), from, end)
                from = end
            }
            return bytes
        }
    },

    /** Random bytes that come again just beyond a window. */
    FAR {
        override fun bytes(size: Int, windowBits: Int, random: Random): ByteArray {
            val period = random.nextBytes((1 shl windowBits) + 10)
            return ByteArray(size) { period[it % period.size] }
        }
    }, ;

    abstract fun bytes(size: Int, windowBits: Int, random: Random): ByteArray
}

private val NAMES = listOf("alice", "bob", "carol", "dave", "erin")
