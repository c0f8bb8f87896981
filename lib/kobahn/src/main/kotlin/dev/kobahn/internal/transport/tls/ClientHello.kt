package dev.kobahn.internal.transport.tls

import java.io.ByteArrayOutputStream
import java.nio.BufferUnderflowException
import java.nio.ByteBuffer

/** A judgement of the first bytes of a client. */
internal sealed interface FirstBytes {
    /** A ClientHello. [serverName] is the lower-case name that it asks for, or null. */
    class Hello(val serverName: String?) : FirstBytes

    /** No TLS, but text that begins like a request of HTTP. */
    object PlainHttp : FirstBytes

    /** Neither. [alert] is the answer to it (RFC 8446 section 6). */
    class Malformed(val reason: String, val alert: Int) : FirstBytes
}

/**
 * Reads the ClientHello of TLS (RFC 8446 section 4.1.2), which tells the name of the server that the
 * client wants (RFC 6066 section 3). Takes bytes in pieces of any size, from records of any size, never
 * throws, and keeps at most [LONGEST] bytes.
 */
internal class ClientHelloReader {
    private val header = ByteArray(HEADER)
    private var headerSize = 0

    /** The bytes that the current record still has. */
    private var left = 0
    private var hello: ByteArrayOutputStream? = null

    /** The length of the whole message, once its header has arrived. */
    private var length = -1
    private var start = ByteArray(HANDSHAKE_HEADER)
    private var startSize = 0

    /** The memory that it takes, about. From any thread, which may see an older number. */
    val weight: Int get() = hello?.size() ?: 0

    /** Reads all of [input], or up to the end of the ClientHello. Returns null if more is needed. */
    fun read(input: ByteBuffer): FirstBytes? {
        while (input.hasRemaining()) {
            val result = when {
                left > 0 -> readFragment(input)
                else -> readHeader(input.get())
            }
            if (result != null) return result
        }
        return null
    }

    private fun readHeader(byte: Byte): FirstBytes? {
        header[headerSize++] = byte
        if (headerSize == 1 && length < 0 && startSize == 0) checkFirst(byte)?.let { return it }
        if (headerSize == TYPE && header[0] != HANDSHAKE) return unexpected("no handshake record")
        if (headerSize == MAJOR && byte != VERSION_3) return unexpected("no TLS version")
        if (headerSize < HEADER) return null
        headerSize = 0
        left = (header[HEADER - 2].unsigned() shl 8) or header[HEADER - 1].unsigned()
        return if (left in 1..LONGEST_FRAGMENT) null else unexpected("a record of $left bytes")
    }

    private fun checkFirst(byte: Byte): FirstBytes? = when {
        byte == HANDSHAKE -> null
        byte.unsigned().toChar() in 'A'..'Z' -> FirstBytes.PlainHttp
        byte < 0 -> FirstBytes.Malformed("a ClientHello of SSL 2", PROTOCOL_VERSION)
        else -> unexpected("no TLS")
    }

    private fun readFragment(input: ByteBuffer): FirstBytes? {
        if (length < 0) {
            left--
            return readStart(input.get())
        }
        val body = hello!!
        val count = minOf(left, input.remaining(), length - body.size())
        repeat(count) { body.write(input.get().toInt()) }
        left -= count
        return if (body.size() == length) parse(ByteBuffer.wrap(body.toByteArray())) else null
    }

    private fun readStart(byte: Byte): FirstBytes? {
        start[startSize++] = byte
        if (start[0] != CLIENT_HELLO) return unexpected("no ClientHello")
        if (startSize < HANDSHAKE_HEADER) return null
        val size = (start[1].unsigned() shl 16) or (start[2].unsigned() shl 8) or
            start[3].unsigned()
        if (size > LONGEST) return malformed("a ClientHello of $size bytes")
        if (size == 0) return malformed("an empty ClientHello")
        length = size
        hello = ByteArrayOutputStream(minOf(size, USUAL))
        return null
    }

    private fun parse(hello: ByteBuffer): FirstBytes = try {
        hello.skip(VERSION_AND_RANDOM)
        hello.skip(hello.get().unsigned())
        hello.skip(hello.short())
        hello.skip(hello.get().unsigned())
        if (hello.hasRemaining()) {
            parseExtensions(
                hello.part(hello.short()),
            )
        } else {
            FirstBytes.Hello(null)
        }
    } catch (_: BufferUnderflowException) {
        malformed("a ClientHello that is cut off")
    }

    private fun parseExtensions(extensions: ByteBuffer): FirstBytes {
        while (extensions.hasRemaining()) {
            val type = extensions.short()
            val content = extensions.part(extensions.short())
            if (type == SERVER_NAME) return parseNames(content)
        }
        return FirstBytes.Hello(null)
    }

    private fun parseNames(content: ByteBuffer): FirstBytes {
        val names = content.part(content.short())
        while (names.hasRemaining()) {
            val type = names.get()
            val name = names.part(names.short())
            if (type != HOST_NAME) continue
            val text = String(CharArray(name.remaining()) { name.get().unsigned().toChar() })
                .removeSuffix(".")
            return if (isHostName(text)) {
                FirstBytes.Hello(text.lowercase())
            } else {
                malformed("a server name that is no host name")
            }
        }
        return FirstBytes.Hello(null)
    }

    private fun isHostName(text: String) = text.length in 1..LONGEST_NAME &&
        text.all { it in 'a'..'z' || it in 'A'..'Z' || it in '0'..'9' || it in "-._" }

    private fun unexpected(reason: String) = FirstBytes.Malformed(reason, UNEXPECTED_MESSAGE)

    private fun malformed(reason: String) = FirstBytes.Malformed(reason, DECODE_ERROR)

    private fun ByteBuffer.short(): Int = (get().unsigned() shl 8) or get().unsigned()

    private fun ByteBuffer.skip(count: Int) {
        if (count > remaining()) throw BufferUnderflowException()
        position(position() + count)
    }

    private fun ByteBuffer.part(count: Int): ByteBuffer {
        val part = duplicate()
        skip(count)
        part.limit(position())
        return part
    }

    private fun Byte.unsigned(): Int = toInt() and 0xFF

    companion object {
        /** The longest ClientHello in bytes; usual ones have 200 to 2,000. */
        const val LONGEST = 16 * 1024

        // Alerts of RFC 8446 section 6.2 and RFC 6066 section 9.
        const val UNEXPECTED_MESSAGE = 10
        const val DECODE_ERROR = 50
        const val PROTOCOL_VERSION = 70
        const val INTERNAL_ERROR = 80
        const val UNRECOGNIZED_NAME = 112

        private const val HANDSHAKE: Byte = 22
        private const val ALERT: Byte = 21
        private const val VERSION_3: Byte = 3
        private const val CLIENT_HELLO: Byte = 1
        private const val SERVER_NAME = 0
        private const val HOST_NAME: Byte = 0
        private const val HEADER = 5
        private const val TYPE = 1
        private const val MAJOR = 2
        private const val HANDSHAKE_HEADER = 4
        private const val VERSION_AND_RANDOM = 2 + 32
        private const val LONGEST_FRAGMENT = 16 * 1024
        private const val LONGEST_NAME = 255
        private const val USUAL = 2048

        /** Whether [bytes], which are at least one, begin like a ClientHello. */
        fun begins(bytes: ByteBuffer): Boolean = bytes[bytes.position()] == HANDSHAKE &&
            (bytes.remaining() < MAJOR || bytes[bytes.position() + 1] == VERSION_3)

        /** Returns the record of a fatal [alert], unencrypted. */
        fun alertRecord(alert: Int): ByteArray =
            byteArrayOf(ALERT, VERSION_3, VERSION_3, 0, 2, FATAL, alert.toByte())

        private const val FATAL: Byte = 2
    }
}
