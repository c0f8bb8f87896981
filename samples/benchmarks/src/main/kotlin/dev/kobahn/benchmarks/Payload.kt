package dev.kobahn.benchmarks

import java.util.Random

/**
 * What messages consist of: one of [bodies] in turn, marked with the number of its connection and
 * of the message, so that an echo out of order or on a wrong connection is noticed.
 *
 * @param mark where the mark of [MARK_SIZE] hexadecimal digits stands in each body
 */
class Payload(val isText: Boolean, private val bodies: List<ByteArray>, private val mark: Int = 0) {
    /** The length of every message in bytes. */
    val size: Int = bodies.first().size

    init {
        require(bodies.all { it.size == size && size >= mark + MARK_SIZE })
    }

    /** A message of which only the mark is missing. */
    fun unmarked(): ByteArray = bodies.first().copyOf()

    /** Makes [target], which was filled before, the message [sequence] of [connection]. */
    fun next(target: ByteArray, connection: Int, sequence: Long) {
        if (bodies.size > 1) {
            val body = bodies[((sequence + connection) % bodies.size).toInt()]
            System.arraycopy(body, 0, target, 0, size)
        }
        mark(target, SEQUENCE_DIGITS, mark, sequence)
        mark(target, MARK_SIZE - SEQUENCE_DIGITS, mark + SEQUENCE_DIGITS, connection.toLong())
    }

    private fun mark(target: ByteArray, digits: Int, start: Int, value: Long) {
        var rest = value
        for (index in start + digits - 1 downTo start) {
            target[index] = HEX[(rest and 0xF).toInt()]
            rest = rest ushr 4
        }
    }

    companion object {
        const val MARK_SIZE = 12
        private const val SEQUENCE_DIGITS = 8
        private const val JSON_BODIES = 64
        private val HEX = "0123456789abcdef".toByteArray()

        /** Text of ASCII letters. */
        fun ascii(size: Int) =
            Payload(true, listOf(ByteArray(size) { ('a' + it % 26).code.toByte() }))

        /** Bytes of any value. */
        fun binary(size: Int) =
            Payload(false, listOf(ByteArray(size).also { Random(SEED).nextBytes(it) }))

        /**
         * Text in Greek, Cyrillic, Chinese and Emoji: code points of two, three and four bytes.
         */
        fun nonAscii(size: Int): Payload {
            val words = "Ωραία μέρα, прекрасный день, 美好的一天, 좋은 하루, \uD83D\uDE80\uD83C\uDF0D "
            val bytes = words.toByteArray()
            val whole = (size - MARK_SIZE) / bytes.size
            val body = ByteArray(size) { '.'.code.toByte() }
            repeat(whole) { bytes.copyInto(body, MARK_SIZE + it * bytes.size) }
            return Payload(true, listOf(body))
        }

        /**
         * JSON as an exchange or a feed sends it: the same keys each time, other values. Each body
         * comes again only after 64 KiB, which is more than a window of deflate holds.
         */
        fun json(size: Int): Payload {
            val random = Random(SEED)
            return Payload(true, List(JSON_BODIES) { jsonBody(random, size) }, JSON_MARK.length)
        }

        private fun jsonBody(random: Random, size: Int): ByteArray {
            val text = StringBuilder(JSON_MARK)
            text.append("0".repeat(MARK_SIZE)).append("\",\"trades\":[")
            while (true) {
                val trade = trade(random)
                if (text.length + trade.length + JSON_END.length > size) break
                text.append(trade)
            }
            val filler = size - text.length - JSON_END.length
            return (text.toString() + JSON_END.replace("#", " ".repeat(filler + 1))).toByteArray()
        }

        private fun trade(random: Random): String {
            val id = random.nextInt(1_000_000)
            val price = random.nextInt(100_000) / 100.0
            val side = if (random.nextBoolean()) "buy" else "sell"
            return "{\"id\":$id,\"symbol\":\"${symbol(random)}\",\"price\":$price," +
                "\"quantity\":${random.nextInt(500)},\"side\":\"$side\"},"
        }

        private fun symbol(random: Random) = String(CharArray(4) { 'A' + random.nextInt(26) })

        private const val SEED = 6455L
        private const val JSON_MARK = "{\"type\":\"trades\",\"sequence\":\""
        private const val JSON_END = "{\"end\":true}#]}"
    }
}
