package dev.kobahn.conformance

import dev.kobahn.TrafficStats
import dev.kobahn.protocol.MessageType

/** Which end of a connection we are; the peer is the other one. */
internal enum class OurRole { CLIENT, SERVER }

/** Messages of one kind: [size] bytes each, in fragments of [fragment] bytes if that is not 0. */
internal data class Shape(val type: MessageType, val size: Int, val fragment: Int) {
    override fun toString(): String {
        val pieces = if (fragment == 0) "one frame" else "fragments of $fragment"
        return "${type.name.lowercase()} of $size bytes in $pieces"
    }

    companion object {
        /** The sizes of the Autobahn test suite. */
        val SIZES = listOf(16, 64, 256, 1024, 4096, 8192, 16_384, 32_768, 65_536, 131_072)

        /** Every size as text and as binary, whole and in fragments. */
        val all: List<Shape> = SIZES.flatMap { size ->
            listOf(MessageType.TEXT, MessageType.BINARY).flatMap { type ->
                listOf(Shape(type, size, 0), Shape(type, size, fragment(size)))
            }
        }

        /** What the suite fragments to, 256, or else a quarter of the message. */
        private fun fragment(size: Int) = minOf(size / 4, 256)
    }
}

/** What came of [messages] of one [shape] that were sent, and came back as they were. */
internal class Row(
    val library: DeflateLibrary,
    val role: OurRole,
    val combination: Combination,
    val shape: Shape,
    val messages: Int,
    val millis: Long,
    val stats: TrafficStats,
) {
    /** Bytes on the wire for each byte of payload, as we sent them. */
    val sentRatio: Double get() = stats.outgoingBytesWireLevel.toDouble() / bytes

    /** Bytes on the wire for each byte of payload, as the peer sent them. */
    val receivedRatio: Double get() = stats.incomingBytesWireLevel.toDouble() / bytes

    private val bytes get() = messages.toLong() * shape.size
}
