package dev.kobahn.protocol.frame

/** The opcodes of RFC 6455 section 5.2. 3–7 and 11–15 are reserved. */
public object Opcode {
    /** A further fragment of the open message. */
    public const val CONTINUATION: Int = 0x0

    /** The first frame of a text message. */
    public const val TEXT: Int = 0x1

    /** The first frame of a binary message. */
    public const val BINARY: Int = 0x2

    /** A Close frame, section 5.5.1. */
    public const val CLOSE: Int = 0x8

    /** A Ping frame, section 5.5.2. */
    public const val PING: Int = 0x9

    /** A Pong frame, section 5.5.3. */
    public const val PONG: Int = 0xA

    /** Whether [opcode] belongs to a control frame (section 5.5), reserved ones included. */
    @JvmStatic
    public fun isControl(opcode: Int): Boolean = opcode and CONTROL_BIT != 0

    /** Whether the RFC gives [opcode] no meaning. */
    @JvmStatic
    public fun isReserved(opcode: Int): Boolean = opcode and CONTROL_BIT.inv() > BINARY

    /** The longest payload of a control frame (section 5.5). */
    public const val MAX_CONTROL_PAYLOAD: Int = 125

    /** @throws IllegalArgumentException if a control frame may not carry [payload] */
    @JvmSynthetic
    internal fun checkControl(payload: ByteArray) {
        require(payload.size <= MAX_CONTROL_PAYLOAD) {
            "control payload has ${payload.size} bytes, must be at most $MAX_CONTROL_PAYLOAD"
        }
    }

    private const val CONTROL_BIT = 0x8
}
