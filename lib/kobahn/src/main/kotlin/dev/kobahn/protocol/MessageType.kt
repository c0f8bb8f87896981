package dev.kobahn.protocol

/** The two kinds of data message (RFC 6455 section 5.6). Autobahn: `MESSAGE_TYPE_TEXT`, `MESSAGE_TYPE_BINARY`. */
public enum class MessageType(
    /** The opcode of the message's first frame (section 5.2). */
    public val opcode: Int,
) {
    /** UTF-8 text. */
    TEXT(0x1),

    /** Any bytes. */
    BINARY(0x2),
}
