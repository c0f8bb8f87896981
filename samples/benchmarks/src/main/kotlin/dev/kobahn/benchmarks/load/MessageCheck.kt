package dev.kobahn.benchmarks.load

import dev.kobahn.benchmarks.Payload
import java.util.Arrays

/** Compares received messages with the expected ones, byte by byte. */
internal interface MessageCheck {
    /** A message begins with a frame of [opcode], compressed or not. */
    fun begin(opcode: Int, compressed: Boolean)

    /** [count] bytes of its payload. */
    fun data(bytes: ByteArray, from: Int, count: Int)

    /** The message is complete; the next one is expected now. */
    fun end()
}

/** A received message differs from the sent one. */
internal class WrongEcho(message: String) : Exception(message)

/** The messages of one connection in their order, as they were sent. */
internal class ExpectedMessages(private val payload: Payload, private val connection: Int) :
    MessageCheck {
    private val expected = payload.unmarked()
    private var sequence = 0L
    private var offset = 0

    init {
        payload.next(expected, connection, sequence)
    }

    override fun begin(opcode: Int, compressed: Boolean) {
        if (opcode != opcodeOf(payload)) throw WrongEcho("opcode $opcode")
        if (compressed) throw WrongEcho("compressed, though nothing was agreed on")
    }

    override fun data(bytes: ByteArray, from: Int, count: Int) {
        if (offset + count > expected.size) throw WrongEcho("a message is longer than it was")
        val differs = Arrays.mismatch(expected, offset, offset + count, bytes, from, from + count)
        if (differs >= 0) throw WrongEcho("byte ${offset + differs} of $connection:$sequence")
        offset += count
    }

    override fun end() {
        if (offset != expected.size) throw WrongEcho("a message is shorter than it was")
        offset = 0
        payload.next(expected, connection, ++sequence)
    }
}

internal fun opcodeOf(payload: Payload) =
    if (payload.isText) FrameReader.TEXT else FrameReader.BINARY
