package dev.kobahn.protocol.extension

/**
 * The settings of a [PerMessageDeflate]. The first four are the parameters of RFC 7692, which are
 * negotiated with the peer; each end chooses the others for itself. Setting a value out of its
 * range throws [IllegalArgumentException], naming it. Not thread-safe.
 */
public class PerMessageDeflateOptions internal constructor(
    serverMaxWindowBits: Int,
    clientMaxWindowBits: Int,
    parameters: DeflateParameters,
) {
    /** Starts with the defaults. */
    public constructor() : this(
        DeflateParameters.MAX_WINDOW_BITS,
        DeflateParameters.MAX_WINDOW_BITS,
        DeflateParameters(
            memLevel = DeflateParameters.DEFAULT_MEM_LEVEL,
            threshold = THRESHOLD,
            maxMessageSize = 0,
        ),
    )

    @get:JvmSynthetic
    internal var parameters: DeflateParameters = parameters
        private set

    /**
     * Whether no message of the server refers to an earlier one, which saves memory at both ends
     * and costs compression. Default: false.
     */
    public var serverNoContextTakeover: Boolean = false

    /** Whether no message of the client refers to an earlier one. Default: false. */
    public var clientNoContextTakeover: Boolean = false

    /**
     * The window of the server, 8 to 15: its messages refer back to at most 2 to the power of this
     * many bytes. Default: 15.
     */
    public var serverMaxWindowBits: Int = serverMaxWindowBits
        set(bits) {
            DeflateParameters.checkWindow("serverMaxWindowBits", bits)
            field = bits
        }

    /** The window of the client, 8 to 15. Default: 15. */
    public var clientMaxWindowBits: Int = clientMaxWindowBits
        set(bits) {
            DeflateParameters.checkWindow("clientMaxWindowBits", bits)
            field = bits
        }

    /** 0 to 9. Default: -1, the default level of zlib. */
    public var compressionLevel: Int
        get() = parameters.compressionLevel
        set(level) = change { copy(compressionLevel = level) }

    /**
     * The memory of the compressor, 1 to 9 as in zlib. A connection keeps 8 KiB with 5, the default,
     * and half or twice as much with one less or more, up to 32 KiB. With 8 and 9 it keeps a
     * compressor of its own, 256 KiB outside of the heap: the fastest choice where one connection is
     * busy alone, and the slowest where many take turns. More memory makes messages 1 to 6 percent
     * smaller, short ones most.
     */
    public var memLevel: Int
        get() = parameters.memLevel!!
        set(level) = change { copy(memLevel = level) }

    /** Messages of fewer bytes are sent uncompressed. Default: 64. */
    public var threshold: Int
        get() = parameters.threshold
        set(bytes) = change { copy(threshold = bytes) }

    /**
     * The factor by which a message may grow if it inflates to more than a MiB; a longer one fails
     * the connection with 1009. 0 is no limit. Default: 256. The factor holds for each message
     * alone, not for all together: blank pictures and silence grow by a factor of 500 and are no
     * attack. Many such messages cannot starve other connections, because a connection's turn on its
     * event loop ends after a MiB of inflated bytes.
     */
    public var maxInflateRatio: Int
        get() = parameters.maxInflateRatio
        set(ratio) = change { copy(maxInflateRatio = ratio) }

    /**
     * The longest message in bytes after inflating, if that is less than `maxMessagePayloadSize`; a
     * longer one fails the connection with 1009. Default: 0, no separate limit.
     */
    public var maxMessageSize: Long
        get() = parameters.maxMessageSize!!
        set(bytes) = change { copy(maxMessageSize = bytes) }

    private inline fun change(edit: DeflateParameters.() -> DeflateParameters) {
        parameters = parameters.edit()
    }

    /** Returns another object with the same values. */
    @JvmSynthetic
    internal fun copy(): PerMessageDeflateOptions =
        PerMessageDeflateOptions(serverMaxWindowBits, clientMaxWindowBits, parameters).also {
            it.serverNoContextTakeover = serverNoContextTakeover
            it.clientNoContextTakeover = clientNoContextTakeover
        }

    /** Returns all values by Autobahn's names where Autobahn has them. */
    @JvmSynthetic
    internal fun fields(): Map<String, Any> = linkedMapOf(
        DeflateCompression.SERVER_NO_CONTEXT_TAKEOVER to serverNoContextTakeover,
        DeflateCompression.CLIENT_NO_CONTEXT_TAKEOVER to clientNoContextTakeover,
        DeflateCompression.SERVER_MAX_WINDOW_BITS to serverMaxWindowBits,
        DeflateCompression.CLIENT_MAX_WINDOW_BITS to clientMaxWindowBits,
        "compression_level" to compressionLevel,
        "mem_level" to memLevel,
        "threshold" to threshold,
        "max_inflate_ratio" to maxInflateRatio,
        "max_message_size" to maxMessageSize,
    )

    private companion object {
        /** Deflate saves too little of shorter messages to be worth its time. */
        const val THRESHOLD = 64
    }
}
