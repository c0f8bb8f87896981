package dev.kobahn

import dev.kobahn.internal.connection.appendHex
import dev.kobahn.internal.connection.appendPayload
import dev.kobahn.protocol.frame.FrameHeader
import dev.kobahn.protocol.frame.Opcode
import dev.kobahn.protocol.onOneLine

/**
 * One line of a connection's log. However long a frame, a read or a write is, no more than its
 * first 40 octets are kept. Immutable; its text is made when it is asked for.
 */
public sealed class WireLogEntry(
    /** The connection: its number in this process, and the peer. `#3 tcp4:127.0.0.1:53012`. */
    public val connection: String,
    /**
     * What it is about: `>` sent, `<` received, `=` the state, `%` an automatic Ping, `-` a
     * timeout, `!` a broken rule.
     */
    public val gutter: Char,
) {
    /** What is to be said. */
    protected abstract val text: String

    /** The line: [gutter], [connection] and the text. Nothing a peer sends breaks it into two. */
    override fun toString(): String = "$gutter $connection $text".onOneLine()

    /** A frame was sent, or received to its end. */
    public class Frame internal constructor(
        connection: String,
        /** Whether this end sent it. */
        public val sent: Boolean,
        private val first: Int,
        /** Whether the payload is masked on the wire. */
        public val masked: Boolean,
        /** The payload's length in octets. */
        public val length: Long,
        /** The beginning of the payload, without mask. */
        public val payload: ByteArray,
        /** Whether the payload is text that was not compressed. */
        public val isText: Boolean,
        /** False for a frame that broke a rule before its end. */
        public val isComplete: Boolean,
    ) : WireLogEntry(connection, if (sent) '>' else '<') {
        /** Whether it is the last frame of its message. */
        public val fin: Boolean get() = first and FrameHeader.FIN != 0

        /** The reserved bits RSV1, RSV2 and RSV3, as a number from 0 to 7. */
        public val rsv: Int get() = first and FrameHeader.RSV shr FrameHeader.RSV_SHIFT

        /** The opcode, see [Opcode]. */
        public val opcode: Int get() = first and FrameHeader.OPCODE

        override val text: String
            get() = buildString {
                append(name()).append(if (fin) " fin" else " fragment")
                if (rsv != 0) append(" rsv ").append(rsv)
                if (masked) append(" masked")
                append(' ').append(this@Frame.length)
                appendPayload(this@Frame)
                if (!isComplete) append(" (incomplete)")
            }

        private fun name() = when (opcode) {
            Opcode.CONTINUATION -> "CONTINUATION"
            Opcode.TEXT -> "TEXT"
            Opcode.BINARY -> "BINARY"
            Opcode.CLOSE -> "CLOSE"
            Opcode.PING -> "PING"
            Opcode.PONG -> "PONG"
            else -> "opcode $opcode"
        }
    }

    /** Octets were read from the transport, or written to it, in one go. */
    public class Octets internal constructor(
        connection: String,
        /** Whether this end sent them. */
        public val sent: Boolean,
        /** How many they are. */
        public val size: Int,
        /** The first of them. */
        public val octets: ByteArray,
    ) : WireLogEntry(connection, if (sent) '>' else '<') {
        override val text: String
            get() = buildString {
                append("octets ").append(size)
                appendHex(octets)
                if (octets.size < size) append(" ...")
            }
    }

    /** Something else: the state, automatic Pings, timeouts and broken rules. */
    public class Note internal constructor(
        connection: String,
        gutter: Char,
        override val text: String,
    ) : WireLogEntry(connection, gutter)
}
