package dev.kobahn

import dev.kobahn.internal.connection.ConnectionConfig
import dev.kobahn.internal.options.ExclusiveOption
import dev.kobahn.internal.options.fieldOption
import dev.kobahn.internal.options.headersOption
import dev.kobahn.internal.options.option
import dev.kobahn.internal.options.positiveOption
import dev.kobahn.internal.options.sizeOption
import dev.kobahn.internal.options.timeOption
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.extension.ClientCompression
import dev.kobahn.protocol.extension.ClientExtension
import dev.kobahn.protocol.extension.PerMessageCompressOffer
import dev.kobahn.protocol.extension.PerMessageCompressResponse
import dev.kobahn.protocol.extension.PerMessageCompressResponseAccept
import dev.kobahn.protocol.handshake.ConnectingRequest
import dev.kobahn.protocol.handshake.ConnectionResponse
import dev.kobahn.protocol.handshake.HeadLimits
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.ProtocolVersions
import dev.kobahn.protocol.handshake.areSubprotocols
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** The options of a client, see [webSocketClient]. Autobahn: `WebSocketClientFactory`. */
public class WebSocketClientOptions internal constructor() :
    WebSocketOptions(),
    OpeningOptions {
    override var openHandshakeTimeout: Duration by timeOption(OPEN_HANDSHAKE_TIMEOUT)

    override var tcpNoDelay: Boolean by option(true)

    override var memoryBudget: Long by sizeOption(MEMORY_BUDGET)

    override var maxHeadLineLength: Int by positiveOption(HeadLimits.DEFAULT_MAX_LINE_LENGTH)

    override var maxHeadSize: Int by positiveOption(HeadLimits.DEFAULT_MAX_HEAD_SIZE)

    override var maxHeaders: Int by positiveOption(HeadLimits.DEFAULT_MAX_HEADERS)

    /** The subprotocols offered, the one liked best first. Default: none. */
    public var protocols: List<String> by
        option(emptyList(), "tokens, each once", ::areSubprotocols)

    /** Further fields of the request. Default: none. */
    public var headers: Headers by headersOption()

    /** The `Origin` field of the request, verbatim; null, the default, leaves it out. */
    public var origin: String? by fieldOption(null)

    /** The `User-Agent` field of the request; null or empty leaves it out. Default: `Kobahn`. */
    public var useragent: String? by fieldOption("Kobahn")

    /** The draft to speak: 18 is RFC 6455, 10 to 17 are those before it. Default: 18. */
    public var version: Int by
        option(ProtocolVersions.DEFAULT_DRAFT, "10 to 18") { it in ProtocolVersions.DRAFTS }

    /**
     * Whether masked frames of a server are taken, which RFC 6455 section 5.1 forbids. Default:
     * false.
     */
    public var acceptMaskedServerFrames: Boolean by option(false)

    /** Whether sent frames are masked, as RFC 6455 section 5.1 demands. Default: true. */
    public var maskClientFrames: Boolean by option(true)

    /**
     * How long the server has to end the transport once both Close frames are exchanged. Zero is no
     * limit. Default: 1 second.
     */
    public var serverConnectionDropTimeout: Duration by timeOption(1.seconds)

    /**
     * The compressions offered, the one liked best first; several of one name are fallbacks of each
     * other. [perMessageDeflate] does this with less ado; only one of the two can be set. Default:
     * none.
     */
    public var perMessageCompressionOffers: List<PerMessageCompressOffer> by
        ExclusiveOption(emptyList(), "perMessageDeflate")

    /**
     * What decides on the server's answer to [perMessageCompressionOffers], if it fits one of them:
     * null fails the handshake, and an exception comes out of `connect`. It runs on the event loop
     * of the connection and must not block. Default: null, which takes every answer that fits.
     */
    public var perMessageCompressionAccept:
        ((response: PerMessageCompressResponse) -> PerMessageCompressResponseAccept?)? by
        ExclusiveOption(null, "perMessageDeflate")

    /**
     * Further extensions, offered after compression, in this order. The server says in which order
     * they transform what is sent. Default: none.
     */
    public var extensions: List<ClientExtension> by option(emptyList())

    /** All extensions, in order. */
    internal fun allExtensions(): List<ClientExtension> {
        val compression = perMessageDeflate
            ?: perMessageCompressionOffers.takeIf { it.isNotEmpty() }?.let(::compression)
        return listOfNotNull(compression) + extensions
    }

    private fun compression(offers: List<PerMessageCompressOffer>): ClientExtension =
        perMessageCompressionAccept?.let { ClientCompression(offers, it) }
            ?: ClientCompression(offers)

    internal var onConnecting: (
        suspend ConnectingRequest.(TransportDetails) -> ConnectingRequest?
    )? = null
        private set

    internal var onConnect: (suspend (ConnectionResponse) -> Unit)? = null
        private set

    /**
     * What to ask for on each connection, called when the transport is up and nothing was sent. Its
     * receiver is the request that the URL and these options make; null sends that, and another
     * [ConnectingRequest] is sent as it is: what it leaves empty is not taken from the options. It
     * may suspend, for a fresh token, say; [openHandshakeTimeout] covers it. An exception ends the
     * transport and comes out of `connect`. Runs in the context of the caller of `connect`, for a
     * connection without a block on `Dispatchers.Default`.
     *
     * ```
     * onConnecting { details -> plus(headersOf("Authorization" to token(details.peer))) }
     * ```
     */
    public fun onConnecting(
        ask: suspend ConnectingRequest.(details: TransportDetails) -> ConnectingRequest?,
    ) {
        check(!isFrozen) { "onConnecting cannot be changed any more" }
        onConnecting = ask
    }

    /**
     * What to do with the server's answer, once it was found valid and before `connect` goes on;
     * frames that come meanwhile wait. An exception closes the connection with 1000 and its
     * message, or drops it if [failByDrop] says so, and comes out of `connect`. It may suspend,
     * without a limit. Runs where [onConnecting] does.
     */
    public fun onConnect(judge: suspend (response: ConnectionResponse) -> Unit) {
        check(!isFrozen) { "onConnect cannot be changed any more" }
        onConnect = judge
    }

    override fun connectionConfig(): ConnectionConfig = connectionConfig(
        protocol = ProtocolConfig(
            role = Role.CLIENT,
            maxMessagePayloadSize = maxMessagePayloadSize,
            maxFramePayloadSize = maxFramePayloadSize,
            utf8validateIncoming = utf8validateIncoming,
            maskOutgoing = maskClientFrames,
            acceptMasked = acceptMaskedServerFrames,
            applyMask = applyMask,
            echoCloseCodeReason = echoCloseCodeReason,
        ),
        dropTimeout = serverConnectionDropTimeout,
    )
}
