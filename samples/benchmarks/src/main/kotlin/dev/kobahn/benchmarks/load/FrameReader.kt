package dev.kobahn.benchmarks.load

/**
 * Reads frames of a server out of bytes that come in pieces, with code of its own: the generator
 * shares nothing with the library it measures.
 *
 * @param onMessage is called when a message is complete and was found right by [check]
 * @param onPing is called with the payload of each Ping
 * @param onClose is called when a Close frame arrives
 */
internal class FrameReader(
    private val check: MessageCheck,
    private val onMessage: () -> Unit,
    private val onPing: (ByteArray) -> Unit,
    private val onClose: () -> Unit,
) {
    private var rest = 0L
    private var insideFrame = false
    private var insideMessage = false
    private var fin = false

    /**
     * Reads [bytes] from [from] to [to] and returns where the rest begins that is no whole header.
     */
    fun read(bytes: ByteArray, from: Int, to: Int): Int {
        var index = from
        while (true) {
            if (!insideFrame) {
                val start = header(bytes, index, to)
                if (start < 0) return index
                index = start
                if (!insideFrame) continue
            }
            val count = minOf(rest, (to - index).toLong()).toInt()
            if (count > 0) check.data(bytes, index, count)
            index += count
            rest -= count
            if (rest > 0) return index
            insideFrame = false
            if (fin) {
                insideMessage = false
                check.end()
                onMessage()
            }
            if (index == to) return to
        }
    }

    /** Returns where the payload begins, or -1 if the header is not complete. */
    private fun header(bytes: ByteArray, at: Int, to: Int): Int {
        if (to - at < 2) return -1
        val first = bytes[at].toInt()
        val second = bytes[at + 1].toInt()
        val start = at + 2 + lengthSize(second) + if (second and MASK != 0) KEY_SIZE else 0
        if (start > to) return -1
        val length = length(bytes, at + 2, second and 0x7F)
        val opcode = first and 0xF
        if (opcode >= CLOSE) {
            if (to - start < length) return -1
            val end = start + length.toInt()
            control(opcode, bytes.copyOfRange(start, end))
            return end
        }
        if (second and MASK != 0) masked(bytes, start - KEY_SIZE)
        fin = first and FIN != 0
        rest = length
        insideFrame = true
        val continues = opcode == CONTINUATION
        if (continues != insideMessage) throw WrongEcho("opcode $opcode at a wrong place")
        if (!insideMessage) {
            insideMessage = true
            check.begin(opcode, first and RSV1 != 0)
        }
        return start
    }

    private fun control(opcode: Int, payload: ByteArray) = when (opcode) {
        PING -> onPing(payload)
        CLOSE -> onClose()
        else -> throw WrongEcho("a control frame $opcode nobody asked for")
    }

    /** The raw peer sends back what it got: frames with a key of zero. */
    private fun masked(bytes: ByteArray, at: Int) {
        for (index in at until at + KEY_SIZE) {
            if (bytes[index].toInt() != 0) throw WrongEcho("a masked frame")
        }
    }

    private fun lengthSize(second: Int) = when (second and 0x7F) {
        LENGTH_16 -> Short.SIZE_BYTES
        LENGTH_64 -> Long.SIZE_BYTES
        else -> 0
    }

    private fun length(bytes: ByteArray, at: Int, short: Int): Long {
        if (short < LENGTH_16) return short.toLong()
        var value = 0L
        for (index in at until at + lengthSize(short)) {
            value = (value shl Byte.SIZE_BITS) or (bytes[index].toLong() and 0xFF)
        }
        return value
    }

    companion object {
        const val FIN = 0x80
        const val RSV1 = 0x40
        const val MASK = 0x80
        const val CONTINUATION = 0
        const val TEXT = 1
        const val BINARY = 2
        const val CLOSE = 8
        const val PING = 9
        const val PONG = 10
        const val LENGTH_16 = 126
        const val LENGTH_64 = 127
        const val KEY_SIZE = 4
    }
}
