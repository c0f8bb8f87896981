package dev.kobahn.internal.server

import java.nio.ByteBuffer

/** Octets that came too early. Bounded by [isFull] being heeded. */
internal class HeldOctets {
    private var octets = ByteArray(0)

    /** Whether reading should pause. */
    val isFull: Boolean get() = octets.size >= MANY

    /** Takes what [input] has remaining. */
    fun add(input: ByteBuffer) {
        val start = octets.size
        octets = octets.copyOf(start + input.remaining())
        input.get(octets, start, octets.size - start)
    }

    /** What was held. */
    fun take(): ByteBuffer = ByteBuffer.wrap(octets)

    private companion object {
        const val MANY = 64 * 1024
    }
}
