package dev.kobahn.internal.client

import dev.kobahn.HandshakeException
import dev.kobahn.protocol.handshake.ResponseHead
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer

/** An answer that opens no WebSocket, with the beginning of its body. */
internal class Refusal(private val reason: String, private val head: ResponseHead) {
    private val body = ByteArrayOutputStream()
    private val expected = expectedLength()

    /** Whether as much of the body as will be kept is there; one of unknown length ends with the transport. */
    val isComplete: Boolean get() = body.size() >= expected

    /** Adds what [input] has of the body; whether it is complete. */
    fun add(input: ByteBuffer): Boolean {
        val octets = ByteArray(minOf(input.remaining(), expected - body.size()))
        input.get(octets)
        body.write(octets, 0, octets.size)
        return isComplete
    }

    private fun expectedLength(): Int {
        val mayHaveBody = head.status >= FIRST_WITH_BODY && head.status !in BODILESS
        if (!mayHaveBody) return 0
        val declared = head.headers["Content-Length"]?.toLongOrNull() ?: return MOST
        return declared.coerceIn(0, MOST.toLong()).toInt()
    }

    fun toException(): HandshakeException =
        HandshakeException(reason, head.status, head.headers, body.toByteArray())

    private companion object {
        const val MOST = 64 * 1024
        const val FIRST_WITH_BODY = 200
        val BODILESS = setOf(204, 304)
    }
}
