package dev.kobahn.protocol

/**
 * The settings of a [Protocol][dev.kobahn.protocol.endpoint.Protocol]. Immutable; all connections
 * of a server can share one.
 *
 * Sizes are in bytes, and 0 means no limit, as in Autobahn.
 */
public class ProtocolConfig(
    /** This end of the connection. */
    @get:JvmSynthetic
    internal val role: Role,
    /**
     * The longest accepted message, summed over its frames. A longer one fails the connection with
     * 1009 as soon as its length is declared.
     */
    @get:JvmSynthetic
    internal val maxMessagePayloadSize: Long = DEFAULT_MAX_MESSAGE_PAYLOAD_SIZE,
    /**
     * The longest accepted data frame. A longer one fails the connection with 1009 when its header
     * arrives.
     */
    @get:JvmSynthetic
    internal val maxFramePayloadSize: Long = 0,
    /**
     * Whether received text is checked to be UTF-8, byte by byte as it arrives. Close reasons
     * always are.
     */
    public val utf8validateIncoming: Boolean = true,
    /** Whether sent frames are masked. Autobahn: `maskClientFrames`, `maskServerFrames`. */
    @get:JvmSynthetic
    internal val maskOutgoing: Boolean = role == Role.CLIENT,
    /** Whether a received frame must be masked. Autobahn: `requireMaskedClientFrames`. */
    @get:JvmSynthetic
    internal val requireMasked: Boolean = role == Role.SERVER,
    /** Whether a received frame may be masked. Autobahn: `acceptMaskedServerFrames`. */
    @get:JvmSynthetic
    internal val acceptMasked: Boolean = role == Role.SERVER,
    /**
     * Whether masking keys are applied to payloads, both ways; false is a testing aid from
     * Autobahn.
     */
    @get:JvmSynthetic
    internal val applyMask: Boolean = true,
    /** Whether a Close is answered with the peer's own code and reason instead of 1000. */
    @get:JvmSynthetic
    internal val echoCloseCodeReason: Boolean = false,
) {
    /** The settings of RFC 6455 for this [role]. */
    public constructor(role: Role) :
        this(role, maxMessagePayloadSize = DEFAULT_MAX_MESSAGE_PAYLOAD_SIZE)

    init {
        require(maxMessagePayloadSize >= 0) {
            "maxMessagePayloadSize is $maxMessagePayloadSize, must be 0 (no limit) or more"
        }
        require(maxFramePayloadSize >= 0) {
            "maxFramePayloadSize is $maxFramePayloadSize, must be 0 (no limit) or more"
        }
        require(acceptMasked || !requireMasked) { "requireMasked needs acceptMasked" }
    }

    public companion object {
        /** 16 MiB: large for a message, harmless for a server. */
        public const val DEFAULT_MAX_MESSAGE_PAYLOAD_SIZE: Long = 16L * 1024 * 1024
    }
}
