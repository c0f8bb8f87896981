package dev.kobahn

import dev.kobahn.internal.connection.ConnectionConfig
import dev.kobahn.internal.options.Compressions
import dev.kobahn.internal.options.ExclusiveOption
import dev.kobahn.internal.options.headersOption
import dev.kobahn.internal.options.option
import dev.kobahn.internal.options.timeOption
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.extension.PerMessageCompressOffer
import dev.kobahn.protocol.extension.PerMessageCompressOfferAccept
import dev.kobahn.protocol.extension.ServerCompression
import dev.kobahn.protocol.extension.ServerExtension
import dev.kobahn.protocol.handshake.AllowedOrigins
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.areSubprotocols
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineDispatcher

/**
 * The options of a server that each [Route] may have its own of. What a route does not set is as at
 * the server.
 */
public sealed class ServerConnectionOptions(parent: ServerConnectionOptions? = null) :
    WebSocketOptions(parent) {
    /** The subprotocols spoken, the one liked best first. Default: none. */
    public var protocols: List<String> by
        option(emptyList(), "tokens, each once", ::areSubprotocols)

    /** Further fields of every 101 response. Default: none. */
    public var headers: Headers by headersOption()

    /**
     * The origins whose pages may connect, as a browser writes them: `https://app.example.com`, with a
     * port where it is not the scheme's default. `*` stands for any run of characters, so
     * `*.example.com` permits all subdomains, `https://example.com:*` any port, and `*` alone every
     * page. A pattern must not end with a part of a host and `*`: `https://example.com*` would let in
     * `https://example.com.evil.org`. `same-origin` stands for the host that was asked, see
     * [AllowedOrigins]. The list is all there is: who names other origins and wants the own ones too
     * writes `listOf("same-origin", "https://app.example.com")`.
     * Requests without an origin do not come from a page and are always allowed.
     *
     * Default: `same-origin`. A browser sends a user's cookies along with every connection that any
     * page opens, so a server that lets in all of them, as Autobahn's does, lets each site act in the
     * name of its visitors. Behind a proxy this needs the `Host` field passed on as it is.
     */
    public var allowedOrigins: List<String> by originsOption(listOf(AllowedOrigins.SAME_ORIGIN))

    /**
     * Whether the origin `null` is allowed, which sandboxed pages and local files have. Default:
     * false.
     */
    public var allowNullOrigin: Boolean by option(false)

    /**
     * Whether a frame of a client must be masked, as RFC 6455 section 5.1 demands. Default: true.
     */
    public var requireMaskedClientFrames: Boolean by option(true)

    /** Whether sent frames are masked, which RFC 6455 section 5.1 forbids. Default: false. */
    public var maskServerFrames: Boolean by option(false)

    /**
     * How long the client has to end the transport once both Close frames are exchanged. Zero is no
     * limit. Default: 1 second.
     */
    public var dropTimeout: Duration by timeOption(1.seconds)

    /**
     * Whether a request that asks for no WebSocket gets a page that says what is here, see
     * [dev.kobahn.protocol.handshake.ServerStatus], rather than 426. Default: false.
     */
    public var webStatus: Boolean by option(false)

    /**
     * Where the page of [webStatus] may send a browser, as patterns like those of [allowedOrigins];
     * any other target is 400. Default: nowhere.
     */
    public var allowedRedirects: List<String> by originsOption(emptyList())

    /**
     * Where handlers run. By default, null, each runs on the event loop of its connection, which is
     * fastest, keeps a connection free of races, and forbids blocking calls.
     *
     * Of handlers that wait elsewhere, several with a message at the same time are resumed by one
     * thread, one after the other, up to 32 of them, and what they send leaves when all have done so,
     * or before where it is 16 KiB or that takes longer than some milliseconds. Should one of them
     * keep the thread, the others soon get another, if the dispatcher has one to spare.
     */
    public var handlerDispatcher: CoroutineDispatcher? by option(null)

    /**
     * What picks one of a client's offers of compression: it gets all that can be read, in their
     * order, if there are any, and accepts one of them; null is no compression. An exception is
     * logged and answered with 500; a handler that receives gets it as the cause of a
     * [ConnectionClosedException]. It runs on the event loop of the connection and must not block.
     *
     * [perMessageDeflate] does this with less ado; only one of the two can be set. Default: null,
     * no compression.
     */
    public var perMessageCompressionAccept:
        ((offers: List<PerMessageCompressOffer>) -> PerMessageCompressOfferAccept?)? by
        ExclusiveOption(null, "perMessageDeflate")

    /**
     * Further extensions, in the order in which they transform what is sent, after compression. One
     * that needs a reserved bit that is taken is left out. Default: none.
     */
    public var extensions: List<ServerExtension> by option(emptyList())

    /** All extensions, in order. */
    internal fun allExtensions(): List<ServerExtension> {
        val compression = perMessageDeflate
            ?: perMessageCompressionAccept?.let { ServerCompression(Compressions.known, it) }
        return listOfNotNull(compression) + extensions
    }

    final override fun connectionConfig(): ConnectionConfig = connectionConfig(
        protocol = ProtocolConfig(
            role = Role.SERVER,
            maxMessagePayloadSize = maxMessagePayloadSize,
            maxFramePayloadSize = maxFramePayloadSize,
            utf8validateIncoming = utf8validateIncoming,
            maskOutgoing = maskServerFrames,
            requireMasked = requireMaskedClientFrames,
            applyMask = applyMask,
            echoCloseCodeReason = echoCloseCodeReason,
        ),
        dropTimeout = dropTimeout,
    )
}

private const val ORIGINS =
    "same-origin or origins such as https://*.example.com, without a path; for any port end with :*"

private fun originsOption(value: List<String>) =
    option(value, ORIGINS) { it.all(AllowedOrigins::isPattern) }
