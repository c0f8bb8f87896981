package dev.kobahn.protocol.handshake

import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer

/** The beginning of the body of a response that refuses, at most [MAX_SIZE] bytes. */
internal class RefusalBody(head: ResponseHead) {
    private val collected = ByteArrayOutputStream()
    private val mayExist = head.status >= HttpStatus.OK && head.status !in BODILESS
    private val declared: Long? = when {
        !mayExist -> 0
        "Transfer-Encoding" in head.headers -> null
        else -> head.headers["Content-Length"]?.toLongOrNull()?.takeIf { it >= 0 }
    }
    private val expected = minOf(declared ?: MAX_SIZE, MAX_SIZE).toInt()

    /** Whether the head tells where the body ends, and all of it is kept. */
    val isDelimited: Boolean = declared != null && declared <= MAX_SIZE

    /** Whether the body is complete, or as long as it may get. */
    val isComplete: Boolean get() = collected.size() >= expected

    /** The bytes so far. */
    val bytes: ByteArray get() = collected.toByteArray()

    /** Takes the bytes of [input] that belong to the body; returns [isComplete]. */
    fun add(input: ByteBuffer): Boolean {
        val bytes = ByteArray(minOf(input.remaining(), expected - collected.size()))
        input.get(bytes)
        collected.write(bytes, 0, bytes.size)
        return isComplete
    }

    companion object {
        const val MAX_SIZE = 64L * 1024
        private val BODILESS = setOf(204, 304)
    }
}
