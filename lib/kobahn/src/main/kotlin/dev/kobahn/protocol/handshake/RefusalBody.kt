package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer

/**
 * The beginning of the body of a response that refuses, at most [MAX_SIZE] bytes. Its end is that of
 * the declared length or of the last chunk, if the head tells one, else that of the transport (RFC
 * 9112 section 6.3).
 */
internal class RefusalBody(head: ResponseHead) {
    private val collected = ByteArrayOutputStream()
    private val mayExist = head.status >= HttpStatus.OK && head.status !in BODILESS
    private val isEncoded = "Transfer-Encoding" in head.headers
    private val chunks: Chunks? =
        if (mayExist && isEncoded && isChunked(head.headers)) Chunks() else null
    private val declared: Long? = when {
        !mayExist -> 0
        isEncoded -> null
        else -> head.headers["Content-Length"]?.let(::length)
    }
    private val expected = minOf(declared ?: MAX_SIZE, MAX_SIZE).toInt()

    /** Whether the head tells the length of the body, and all of it is kept. */
    val isDelimited: Boolean = declared != null && declared <= MAX_SIZE

    /** Whether the body is complete, or as long as it may get. */
    val isComplete: Boolean get() = collected.size() >= expected || chunks?.isDone == true

    /** The bytes so far. */
    val bytes: ByteArray get() = collected.toByteArray()

    /** Takes the bytes of [input] that belong to the body; returns [isComplete]. */
    fun add(input: ByteBuffer): Boolean {
        while (input.hasRemaining() && !isComplete) {
            val size = minOf(input.remaining(), expected - collected.size())
            val wanted = if (chunks == null) size else minOf(size, chunks.next(input))
            val bytes = ByteArray(wanted)
            input.get(bytes)
            collected.write(bytes, 0, bytes.size)
            chunks?.took(wanted)
        }
        return isComplete
    }

    companion object {
        const val MAX_SIZE = 64L * 1024
        private val BODILESS = setOf(204, 304)

        private fun length(text: String): Long? =
            text.takeIf { it.all(HttpGrammar::isDigit) }?.toLongOrNull()

        private fun isChunked(headers: Headers): Boolean =
            headers.getAll("Transfer-Encoding").last().substringAfterLast(',').trim()
                .equals("chunked", ignoreCase = true)
    }
}

/**
 * Finds the data in a chunked body (RFC 9112 section 7.1). What is malformed, or longer than any
 * server has a reason for, ends the body. A line may end without CR, as in the head.
 *
 * ```
 * SIZE ──► EXTENSION ──► DATA ──► DATA_END ──► SIZE
 *   └──────────┴── 0 ──► TRAILER ──► DONE
 * ```
 */
private class Chunks {
    private enum class Phase { SIZE, EXTENSION, DATA, DATA_END, TRAILER, DONE }

    private var phase = Phase.SIZE

    /** The rest of the chunk, or its size so far. */
    private var size = 0L
    private var digits = 0

    /** Whether the line of the trailer has nothing yet. */
    private var isEmptyLine = true

    /** The number of bytes that are no data. */
    private var overhead = 0

    val isDone: Boolean get() = phase == Phase.DONE

    /** Takes the bytes of [input] before the next data, and returns the number of data that follow. */
    fun next(input: ByteBuffer): Int {
        while (phase != Phase.DATA && phase != Phase.DONE && input.hasRemaining()) {
            onByte(input.get().toInt().toChar())
            if (++overhead > RefusalBody.MAX_SIZE) phase = Phase.DONE
        }
        return if (phase == Phase.DATA) minOf(size, input.remaining().toLong()).toInt() else 0
    }

    /** The first [count] bytes of the data were taken. */
    fun took(count: Int) {
        if (phase != Phase.DATA) return
        size -= count
        if (size == 0L) phase = Phase.DATA_END
    }

    private fun onByte(byte: Char) {
        when (phase) {
            Phase.SIZE -> onSize(byte)
            Phase.EXTENSION -> if (byte == '\n') onSizeEnd()
            Phase.DATA_END -> onDataEnd(byte)
            Phase.TRAILER -> onTrailer(byte)
            Phase.DATA, Phase.DONE -> Unit
        }
    }

    private fun onSize(byte: Char) {
        val digit = if (byte.code < DEL) Character.digit(byte, HEX) else -1
        when {
            digit >= 0 && digits < MOST_DIGITS -> {
                size = size * HEX + digit
                digits++
            }

            digits == 0 || digit >= 0 -> phase = Phase.DONE

            byte == '\n' -> onSizeEnd()

            byte in "\r; \t" -> phase = Phase.EXTENSION

            else -> phase = Phase.DONE
        }
    }

    private fun onSizeEnd() {
        phase = if (size == 0L) Phase.TRAILER else Phase.DATA
        digits = 0
    }

    private fun onDataEnd(byte: Char) = when (byte) {
        '\r' -> Unit
        '\n' -> phase = Phase.SIZE
        else -> phase = Phase.DONE
    }

    private fun onTrailer(byte: Char) {
        when (byte) {
            '\r' -> Unit
            '\n' -> if (isEmptyLine) phase = Phase.DONE else isEmptyLine = true
            else -> isEmptyLine = false
        }
    }

    private companion object {
        const val HEX = 16
        const val DEL = 0x7F

        /** A Long holds no more. */
        const val MOST_DIGITS = 15
    }
}
