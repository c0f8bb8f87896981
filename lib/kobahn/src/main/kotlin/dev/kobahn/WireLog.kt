package dev.kobahn

import dev.kobahn.internal.connection.appendHex
import dev.kobahn.internal.connection.appendPayload
import dev.kobahn.protocol.frame.FrameHeader
import dev.kobahn.protocol.frame.Opcode
import dev.kobahn.protocol.onOneLine

/**
 * A receiver of the log of frames and bytes, see [WebSocketOptions.wireLog]. Autobahn:
 * `logRxFrame`, `logTxFrame`, `logRxOctets` and `logTxOctets`.
 */
public fun interface WireLog {
    /**
     * Logs the next [entry] of its connection. The entries of a connection come one at a time and
     * in order, on the event loop of the connection or the sending thread; do not block either. An
     * exception of this function is logged, and the connection logs no further entries.
     */
    public fun log(entry: Entry)

    /**
     * One line of a connection's log. It keeps at most the first 40 bytes of a frame, read or write.
     * Immutable; the text is created on use.
     */
    public sealed class Entry(
        /**
         * The connection: its number in this process and the peer, such as `#3 tcp4:127.0.0.1:53012`.
         */
        public val connection: String,
        /**
         * The kind of entry: `>` sent, `<` received, `=` state, `%` automatic Ping, `-` timeout, `!`
         * protocol violation.
         */
        public val gutter: Char,
    ) {
        /** The text of the entry. */
        protected abstract val text: String

        /**
         * Returns the line: [gutter], [connection] and the text. Line breaks from the peer are escaped.
         */
        override fun toString(): String = "$gutter $connection $text".onOneLine()

        /** A sent or received frame. A received frame is logged at its end. */
        public class Frame internal constructor(
            connection: String,
            /** Whether this end sent the frame. */
            public val sent: Boolean,
            private val first: Int,
            /** Whether the payload is masked on the wire. */
            public val masked: Boolean,
            /** The payload's length in bytes. */
            public val length: Long,
            /** The first bytes of the payload, unmasked. */
            public val payload: ByteArray,
            /** Whether the payload is uncompressed text. */
            public val isText: Boolean,
            /**
             * Whether the frame is complete. False for a frame that violated the protocol before its
             * end.
             */
            public val isComplete: Boolean,
        ) : Entry(connection, if (sent) '>' else '<') {
            /** Whether the frame is the last one of its message. */
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

        /** A read from the transport, or a write to it. */
        public class Bytes internal constructor(
            connection: String,
            /** Whether this end sent the bytes. */
            public val sent: Boolean,
            /** The number of bytes read or written. */
            public val size: Int,
            /** The first of the bytes. */
            public val bytes: ByteArray,
        ) : Entry(connection, if (sent) '>' else '<') {
            override val text: String
                get() = buildString {
                    append("bytes ").append(size)
                    appendHex(bytes)
                    if (bytes.size < size) append(" ...")
                }
        }

        /** Another event: a state change, an automatic Ping, a timeout or a protocol violation. */
        public class Note internal constructor(
            connection: String,
            gutter: Char,
            override val text: String,
        ) : Entry(connection, gutter)
    }
}
