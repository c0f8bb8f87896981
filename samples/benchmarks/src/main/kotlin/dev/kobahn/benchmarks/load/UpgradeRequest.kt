package dev.kobahn.benchmarks.load

import java.security.MessageDigest
import java.util.Base64
import java.util.concurrent.ThreadLocalRandom

/** An opening handshake of a client, and the check of its answer. */
internal class UpgradeRequest(target: Target) {
    private val key = Base64.getEncoder().encodeToString(
        ByteArray(16).also { ThreadLocalRandom.current().nextBytes(it) },
    )

    val bytes: ByteArray = buildString {
        append("GET ${target.path} HTTP/1.1\r\nHost: 127.0.0.1:${target.port}\r\n")
        append("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n")
        append("Sec-WebSocket-Key: $key\r\n")
        target.offer?.let { append("Sec-WebSocket-Extensions: $it\r\n") }
        append("\r\n")
    }.toByteArray()

    /** Where the answer ends, and which extensions it names. */
    class Answer(val end: Int, val extensions: String?)

    /** The answer at the beginning of [bytes], or null if it is not complete. */
    fun answer(bytes: ByteArray, length: Int): Answer? {
        val end = endOfHead(bytes, length)
        if (end < 0) return null
        val lines = String(bytes, 0, end, Charsets.ISO_8859_1).split("\r\n")
        val status = lines.first()
        if (!status.startsWith("HTTP/1.1 101")) throw LoadFailure("refused: $status")
        val accepted = field(lines, "sec-websocket-accept")
        if (accepted != accept()) throw LoadFailure("accepted as $accepted")
        return Answer(end, field(lines, "sec-websocket-extensions"))
    }

    private fun endOfHead(bytes: ByteArray, length: Int): Int {
        for (end in 3 until length) {
            val isEmptyLine = bytes[end - 2] == LF && bytes[end - 1] == CR
            if (isEmptyLine && bytes[end] == LF) return end + 1
        }
        return -1
    }

    private fun field(lines: List<String>, name: String): String? =
        lines.firstOrNull { it.substringBefore(':').equals(name, ignoreCase = true) }
            ?.substringAfter(':')?.trim()

    private fun accept(): String {
        val digest = MessageDigest.getInstance("SHA-1").digest((key + GUID).toByteArray())
        return Base64.getEncoder().encodeToString(digest)
    }

    private companion object {
        const val GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        const val CR = '\r'.code.toByte()
        const val LF = '\n'.code.toByte()
    }
}
