package dev.kobahn.internal.server

import java.nio.ByteBuffer

/** Octets that came too early. Bounded by [isFull] being heeded. */
internal class HeldOctets {
    private var octets = ByteArray(0)
    private var size = 0

    /** Whether reading should pause. */
    val isFull: Boolean get() = size >= MANY

    /** Takes what [input] has remaining. */
    fun add(input: ByteBuffer) {
        val start = size
        size += input.remaining()
        // By doubling: a client that sends single octets must not have each of them copy all.
        if (size > octets.size) octets = octets.copyOf(maxOf(size, 2 * octets.size))
        input.get(octets, start, size - start)
    }

    /** What was held. */
    fun take(): ByteBuffer = ByteBuffer.wrap(octets, 0, size)

    private companion object {
        const val MANY = 64 * 1024
    }
}
