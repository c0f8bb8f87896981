package dev.kobahn.protocol.proxy

import dev.kobahn.protocol.HttpGrammar
import dev.kobahn.protocol.IpAddress
import dev.kobahn.protocol.onOneLine
import java.nio.ByteBuffer

/**
 * Parses the header of the PROXY protocol, version 1 or 2, with which a proxy begins a connection
 * to name its client. Takes bytes as they arrive and keeps at most [MAX_KEPT] of them; the rest of
 * a longer header is skipped. Never throws because of its input.
 *
 * Version 1 is a line:
 *
 * ```
 * PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n
 * ```
 *
 * Version 2 is binary: the signature, version and command, address family and protocol, the length
 * of the rest, then the addresses, then type-length-value fields.
 */
internal class ProxyHeaderParser {
    private val kept = ByteArray(MAX_KEPT)
    private var length = 0

    /** The number of bytes of a version 2 header that are yet to come, after the fixed part. */
    private var rest = -1

    /** The result, or null while the header is not finished. */
    var result: ProxyHeaderResult? = null
        private set

    /** Whether a byte of the header has arrived. */
    val hasBegun: Boolean get() = length > 0

    /**
     * Consumes the bytes of the header from [input]; those behind it stay there. Returns whether
     * there is a [result]; nothing more is consumed then.
     */
    fun parse(input: ByteBuffer): Boolean {
        while (result == null && input.hasRemaining()) {
            if (rest >= 0) takeRest(input) else take(input.get())
        }
        return result != null
    }

    private fun take(byte: Byte) {
        val isText = (if (length == 0) byte else kept[0]) == TEXT[0]
        val start = if (isText) TEXT else SIGNATURE
        if (length < start.size && byte != start[length]) {
            return malformed("the connection begins without a PROXY header")
        }
        kept[length++] = byte
        when {
            !isText -> if (length == FIXED_SIZE) onFixedPart()
            byte == LF -> onLine()
            length == MAX_LINE -> malformed("the PROXY line is longer than $MAX_LINE bytes")
        }
    }

    // Version 1.

    private fun onLine() {
        if (kept[length - 2] != CR) return malformed("the PROXY line does not end with CRLF")
        val words = String(kept, 0, length - 2, Charsets.ISO_8859_1).split(' ')
        val family = words.getOrNull(1)
        if (family == "UNKNOWN") return complete(null)
        if (words.size != WORDS || (family != "TCP4" && family != "TCP6")) {
            return malformed("the PROXY line is malformed")
        }
        val isIpv6 = family == "TCP6"
        val (source, target) = words.subList(2, 4).map { address(it, isIpv6) }
        val (port, targetPort) = words.subList(4, WORDS).map(::port)
        if (source == null || target == null || port == null || targetPort == null) {
            return malformed("the PROXY line has a malformed address or port")
        }
        complete(tcpName(source, port))
    }

    private fun address(text: String, isIpv6: Boolean) =
        if (isIpv6 == ':' in text) IpAddress.parse(text) else null

    private fun port(text: String) =
        HttpGrammar.decimal(text, MAX_PORT)?.takeIf { text == "0" || !text.startsWith('0') }

    // Version 2.

    private fun onFixedPart() {
        val command = kept[SIGNATURE.size].toInt() and BYTE
        rest = number(SIGNATURE.size + 2)
        when {
            command ushr NIBBLE != 2 -> malformed("the version of the PROXY header is not 2")

            command !in LOCAL..PROXY -> malformed("the command of the PROXY header is unknown")

            addressSize() == Int.MAX_VALUE ->
                malformed("the PROXY header names no stream, or an unknown kind of address")

            rest < addressSize() -> malformed("the PROXY header is shorter than its addresses")

            rest == 0 -> onRest()
        }
    }

    /** The size of the addresses. Those of LOCAL and of unspecified families do not matter. */
    private fun addressSize(): Int {
        if (kept[SIGNATURE.size].toInt() and BYTE == LOCAL) return 0
        return when (kept[SIGNATURE.size + 1].toInt() and BYTE) {
            TCP4 -> 2 * (IpAddress.IPV4_BYTES + PORT_SIZE)
            TCP6 -> 2 * (IpAddress.IPV6_BYTES + PORT_SIZE)
            UNIX -> 2 * PATH_SIZE
            UNSPECIFIED -> 0
            else -> Int.MAX_VALUE
        }
    }

    private fun takeRest(input: ByteBuffer) {
        val count = minOf(rest, input.remaining())
        val wanted = minOf(count, kept.size - length)
        input.get(kept, length, wanted)
        input.position(input.position() + count - wanted)
        length += wanted
        rest -= count
        if (rest == 0) onRest()
    }

    private fun onRest() {
        val family = kept[SIGNATURE.size + 1].toInt() and BYTE
        when (if (addressSize() == 0) UNSPECIFIED else family) {
            TCP4 -> complete(tcpName(IpAddress.IPV4_BYTES))
            TCP6 -> complete(tcpName(IpAddress.IPV6_BYTES))
            UNIX -> complete(unixName())
            else -> complete(null)
        }
    }

    private fun tcpName(size: Int): String {
        val address = kept.copyOfRange(FIXED_SIZE, FIXED_SIZE + size)
        return tcpName(IpAddress.unmapped(address), number(FIXED_SIZE + 2 * size))
    }

    private fun unixName(): String {
        val path = String(kept, FIXED_SIZE, PATH_SIZE, Charsets.UTF_8).substringBefore('\u0000')
        return "unix:$path".onOneLine()
    }

    private fun number(index: Int) =
        (kept[index].toInt() and BYTE shl Byte.SIZE_BITS) or (kept[index + 1].toInt() and BYTE)

    private fun tcpName(address: ByteArray, port: Int): String {
        val family = if (address.size == IpAddress.IPV4_BYTES) "tcp4" else "tcp6"
        return "$family:${IpAddress.format(address)}:$port"
    }

    private fun complete(peer: String?) {
        result = ProxyHeaderResult.Complete(peer)
    }

    private fun malformed(reason: String) {
        result = ProxyHeaderResult.Malformed(reason)
    }

    internal companion object {
        private val TEXT = "PROXY ".encodeToByteArray()
        private val SIGNATURE =
            byteArrayOf(0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A)

        /** The longest line, its CRLF included. */
        const val MAX_LINE = 107
        private const val WORDS = 6

        /** Signature, command, family and length. */
        private const val FIXED_SIZE = 16
        private const val PATH_SIZE = 108
        private const val PORT_SIZE = 2

        /** The number of bytes that a parser keeps: the fixed part and the longest addresses. */
        const val MAX_KEPT = FIXED_SIZE + 2 * PATH_SIZE
        private const val LOCAL = 0x20
        private const val PROXY = 0x21
        private const val UNSPECIFIED = 0
        private const val TCP4 = 0x11
        private const val TCP6 = 0x21
        private const val UNIX = 0x31
        private const val MAX_PORT = 65535
        private const val BYTE = 0xFF
        private const val NIBBLE = 4
        private const val CR = '\r'.code.toByte()
        private const val LF = '\n'.code.toByte()
    }
}

/** The result of a [ProxyHeaderParser]. */
internal sealed class ProxyHeaderResult {
    /**
     * @property peer the client, named as by a transport (`tcp4:192.0.2.1:56324`), or null if the
     * header names none: the proxy itself is the client, for a health check for instance
     */
    class Complete(val peer: String?) : ProxyHeaderResult()

    /** @property reason a text that quotes nothing from the input */
    class Malformed(val reason: String) : ProxyHeaderResult()
}
