package dev.kobahn.protocol

import dev.kobahn.protocol.frame.Opcode

/** The two kinds of data message (RFC 6455 section 5.6). Autobahn: `MESSAGE_TYPE_TEXT`, `MESSAGE_TYPE_BINARY`. */
public enum class MessageType(
    /** The opcode of the message's first frame. */
    public val opcode: Int,
) {
    /** UTF-8 text. */
    TEXT(Opcode.TEXT),

    /** Any octets. */
    BINARY(Opcode.BINARY),
}
