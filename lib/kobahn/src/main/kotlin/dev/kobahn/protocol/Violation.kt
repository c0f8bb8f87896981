package dev.kobahn.protocol

/**
 * The rules that a peer can break after the opening handshake, each with the close code that fails
 * the connection (RFC 6455 section 7.1.7).
 */
public enum class Violation(
    /** The code of the Close frame that answers the violation. */
    public val closeCode: Int,
    /** The broken rule as one sentence; also the reason in the Close frame. */
    public val rule: String,
) {
    /** Section 5.2: reserved bits without an extension that gives them a meaning. */
    RESERVED_BITS_SET(CloseCode.PROTOCOL_ERROR, "reserved bits must be zero"),

    /** Section 5.1. */
    CLIENT_FRAME_NOT_MASKED(CloseCode.PROTOCOL_ERROR, "client frames must be masked"),

    /** Section 5.1. */
    SERVER_FRAME_MASKED(CloseCode.PROTOCOL_ERROR, "server frames must not be masked"),

    /** Section 5.5. */
    CONTROL_FRAME_FRAGMENTED(CloseCode.PROTOCOL_ERROR, "control frames must not be fragmented"),

    /** Section 5.5. */
    CONTROL_FRAME_TOO_LONG(CloseCode.PROTOCOL_ERROR, "control frames carry at most 125 bytes"),

    /** Section 5.2. */
    RESERVED_OPCODE(CloseCode.PROTOCOL_ERROR, "reserved opcodes must not be used"),

    /** Section 5.4. */
    CONTINUATION_WITHOUT_MESSAGE(CloseCode.PROTOCOL_ERROR, "continuation needs an open message"),

    /** Section 5.4. */
    MESSAGE_INSIDE_MESSAGE(CloseCode.PROTOCOL_ERROR, "messages must not be interleaved"),

    /** Section 5.2. */
    LENGTH_NOT_MINIMAL(CloseCode.PROTOCOL_ERROR, "lengths must use the shortest form"),

    /** Section 5.2. */
    LENGTH_NEGATIVE(CloseCode.PROTOCOL_ERROR, "the top bit of a 64-bit length must be zero"),

    /** Section 5.5.1. */
    CLOSE_PAYLOAD_OF_ONE_BYTE(CloseCode.PROTOCOL_ERROR, "a close code has two bytes"),

    /** Section 7.4. */
    CLOSE_CODE_NOT_ALLOWED(CloseCode.PROTOCOL_ERROR, "the close code must not be on the wire"),

    /** Section 5.5.1. */
    CLOSE_REASON_NOT_UTF8(CloseCode.INVALID_FRAME_PAYLOAD_DATA, "a close reason must be UTF-8"),

    /** Section 8.1. */
    TEXT_NOT_UTF8(CloseCode.INVALID_FRAME_PAYLOAD_DATA, "text must be UTF-8"),

    /** `maxMessagePayloadSize`, section 10.4. */
    MESSAGE_TOO_BIG(CloseCode.MESSAGE_TOO_BIG, "the message is too big"),

    /** `maxFramePayloadSize`, section 10.4. */
    FRAME_TOO_BIG(CloseCode.MESSAGE_TOO_BIG, "the frame is too big"),

    /** RFC 7692 section 7.2.2, and other extensions that transform messages. */
    CODED_DATA_INVALID(CloseCode.INVALID_FRAME_PAYLOAD_DATA, "compressed data must be valid"),

    /** `maxInflateRatio`, section 10.4. */
    EXPANDS_TOO_MUCH(CloseCode.MESSAGE_TOO_BIG, "the message expands too much"),
}
