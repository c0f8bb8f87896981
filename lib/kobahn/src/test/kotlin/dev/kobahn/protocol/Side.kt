package dev.kobahn.protocol

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldHaveSize
import java.nio.ByteBuffer

/** Registers a test of the same rule for the client's and the server's role. */
internal fun FunSpec.bothRoles(rule: String, test: suspend Side.() -> Unit) =
    Role.entries.forEach { role ->
        test("$rule ($role)") { Side(role).test() }
    }

/** The result of feeding bytes: the events, and the frames sent in answer. */
internal data class Outcome(val events: List<String>, val sent: List<String>, val failure: String?)

/** The end under test, in one of the two roles. */
internal class Side(val role: Role) {
    val config = ProtocolConfig(role)

    /** Encodes a frame of this side's peer, masked or not. */
    fun frame(
        first: Int,
        payload: ByteArray = ByteArray(0),
        declared: Long = payload.size.toLong(),
    ): ByteArray = WireFrame(first, payload, peerKey, declared).encode()

    /** Encodes a frame with the payload in hexadecimal digits. */
    fun frame(first: Int, payload: String, declared: Long = hex(payload).size.toLong()): ByteArray =
        frame(first, hex(payload), declared)

    /** Encodes a header from raw bytes, with mask bit and key if this side's peer masks. */
    fun header(bytes: String): ByteArray {
        val raw = hex(bytes)
        val key = peerKey ?: return raw
        raw[1] = (raw[1].toInt() or 0x80).toByte()
        return raw + ByteBuffer.allocate(4).putInt(key).array()
    }

    private val peerKey get() = if (role == Role.SERVER) ProtocolEnd.KEY else null

    /**
     * Feeds [bytes] to one protocol after another: whole, byte by byte and cut in two at every
     * index, from a heap and from a direct buffer. The outcome must always be the same.
     */
    fun receiving(bytes: ByteArray, config: ProtocolConfig = this.config): Outcome {
        val outcomes = cuts(bytes.size).flatMap { cut ->
            listOf(ByteBuffer.allocate(bytes.size), ByteBuffer.allocateDirect(bytes.size))
                .map { buffer -> feed(ProtocolEnd(config), buffer.put(bytes), cut) }
        }
        val distinct = outcomes.toSet()
        withClue("outcomes by cut") { distinct shouldHaveSize 1 }
        return distinct.single()
    }

    private fun feed(end: ProtocolEnd, buffer: ByteBuffer, ends: List<Int>): Outcome {
        buffer.position(0)
        for (index in ends) {
            buffer.limit(index)
            end.protocol.receive(buffer)
            check(buffer.position() == index) { "not all was consumed" }
        }
        return Outcome(end.events.list, end.sent(), end.events.failure?.message)
    }

    /** Lists of the indices at which the chunks end. */
    private fun cuts(size: Int): Sequence<List<Int>> = sequence {
        yield(listOf(size))
        yield((1..size).toList())
        val all = 1 until size
        val ends = all.take(EDGE) + size / 2 + all.toList().takeLast(EDGE)
        val indices = if (size <= MOST_CUTS) all else ends
        indices.forEach { yield(listOf(it, size)) }
    }

    private companion object {
        const val MOST_CUTS = 400
        const val EDGE = 16
    }
}
