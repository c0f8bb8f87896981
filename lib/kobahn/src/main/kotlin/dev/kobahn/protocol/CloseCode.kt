package dev.kobahn.protocol

/**
 * Close codes (RFC 6455 section 7.4 and the IANA registry), by their registered names. Autobahn:
 * `CLOSE_STATUS_CODE_…`.
 */
public object CloseCode {
    /** The purpose of the connection is fulfilled. */
    public const val NORMAL_CLOSURE: Int = 1000

    /** A server goes down or a browser leaves the page. */
    public const val GOING_AWAY: Int = 1001

    /** The peer broke the protocol. */
    public const val PROTOCOL_ERROR: Int = 1002

    /** This end cannot accept this kind of message, for instance binary. */
    public const val UNSUPPORTED_DATA: Int = 1003

    /** Never on the wire: the received Close frame had no code. */
    public const val NO_STATUS_RCVD: Int = 1005

    /** Never on the wire: the connection ended without a Close frame. */
    public const val ABNORMAL_CLOSURE: Int = 1006

    /** A payload does not fit its message's type, such as text that is not UTF-8. */
    public const val INVALID_FRAME_PAYLOAD_DATA: Int = 1007

    /** A message breaks a rule of the application. */
    public const val POLICY_VIOLATION: Int = 1008

    /** A message is larger than the receiver accepts. */
    public const val MESSAGE_TOO_BIG: Int = 1009

    /** A client needs an extension that the server did not agree to. */
    public const val MANDATORY_EXT: Int = 1010

    /** The server cannot go on because of an unexpected condition. */
    public const val INTERNAL_ERROR: Int = 1011

    /** The service restarts; clients may come back, best after a random delay. */
    public const val SERVICE_RESTART: Int = 1012

    /** The service is overloaded. */
    public const val TRY_AGAIN_LATER: Int = 1013

    /** A gateway got an invalid answer from the server behind it. */
    public const val BAD_GATEWAY: Int = 1014

    /** Never on the wire: the TLS handshake failed. */
    public const val TLS_HANDSHAKE: Int = 1015

    /**
     * Whether [code] may stand in a Close frame: 1000–1003, 1007–1014 and 3000–4999. The same set
     * may be sent and is accepted. Autobahn: `CLOSE_STATUS_CODES_ALLOWED`, which lacks 1014.
     */
    @JvmStatic
    public fun isAllowedOnWire(code: Int): Boolean = when (code) {
        in NORMAL_CLOSURE..UNSUPPORTED_DATA -> true
        in INVALID_FRAME_PAYLOAD_DATA..BAD_GATEWAY -> true
        in FIRST_FREE..LAST_FREE -> true
        else -> false
    }

    /** Whether [code] says that its sender cannot continue with the connection. */
    @JvmSynthetic
    internal fun fails(code: Int?): Boolean = when (code) {
        PROTOCOL_ERROR, INVALID_FRAME_PAYLOAD_DATA, MESSAGE_TOO_BIG, INTERNAL_ERROR -> true
        else -> false
    }

    private const val FIRST_FREE = 3000
    private const val LAST_FREE = 4999
}
