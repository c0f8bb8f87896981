package dev.kobahn

import dev.kobahn.internal.connection.ConnectionConfig
import dev.kobahn.internal.options.Compressions
import dev.kobahn.internal.options.ExclusiveOption
import dev.kobahn.internal.options.option
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.extension.PerMessageCompressOffer
import dev.kobahn.protocol.extension.PerMessageCompressOfferAccept
import dev.kobahn.protocol.extension.ServerCompression
import dev.kobahn.protocol.extension.ServerExtension
import dev.kobahn.protocol.handshake.AllowedOrigins
import dev.kobahn.protocol.handshake.HttpRequest
import dev.kobahn.protocol.handshake.HttpResponse
import kotlinx.coroutines.CoroutineDispatcher

/**
 * The options of a server that a [Route] can override. Options that a route does not set have the
 * server's values.
 */
public sealed class ServerConnectionOptions(parent: ServerConnectionOptions? = null) :
    WebSocketOptions(parent) {
    /**
     * The origins whose pages may connect, in the form that browsers send:
     * `https://app.example.com`, with a port unless it is the default of the scheme.
     *
     * In a pattern, `*` matches any run of characters: `*.example.com` allows all subdomains,
     * `https://example.com:*` any port, and `*` alone every page. A pattern must not end with a
     * part of a host and `*`: `https://example.com*` would allow `https://example.com.evil.org`.
     * `same-origin` stands for the host of the request, see [AllowedOrigins]. The list replaces the
     * default. To allow another origin besides the server's own, set
     * `listOf("same-origin", "https://app.example.com")`. Requests without an origin do not come
     * from a page and are always allowed.
     *
     * Default: `same-origin`. A browser sends a user's cookies with every connection that any page
     * opens. A server that allows every page, as Autobahn's does, lets each site act in the name of
     * its visitors. Behind a proxy, `same-origin` needs a `Host` field that the proxy passes on
     * unchanged.
     */
    public var allowedOrigins: List<String> by originsOption(listOf(AllowedOrigins.SAME_ORIGIN))

    /**
     * Whether the origin `null` is allowed, which browsers send for sandboxed pages and local
     * files. Default: false.
     */
    public var allowNullOrigin: Boolean by option(false)

    /** Whether the frames of clients must be masked. Set by `dev.kobahn.autobahn`. */
    internal var requireMaskedClientFrames: Boolean by option(true)

    /** Whether frames to clients are masked. Set by `dev.kobahn.autobahn`. */
    internal var maskServerFrames: Boolean by option(false)

    /** Answers requests without an upgrade; null is 426. Set by `dev.kobahn.autobahn`. */
    internal var statusPage: ((HttpRequest) -> HttpResponse)? by option(null)

    /** The allowed targets for redirects by the status page. Set by `dev.kobahn.autobahn`. */
    internal var allowedRedirects: List<String> by originsOption(emptyList())

    /**
     * The dispatcher of handlers. By default, null, each handler runs on the event loop of its
     * connection. That is the fastest choice and keeps a connection free of races, but the handler
     * must not block.
     *
     * On another dispatcher, up to 32 waiting handlers are resumed in one task, one after the
     * other. Their replies are written when the task ends, or earlier once a connection has 16 KiB
     * queued or the task takes longer than some milliseconds. If a handler blocks the task, another
     * task soon resumes the others, provided that the dispatcher has a free thread.
     */
    public var handlerDispatcher: CoroutineDispatcher? by option(null)

    /** The function that chooses among a client's offers. Set by `dev.kobahn.autobahn`. */
    internal var perMessageCompressionAccept:
        ((offers: List<PerMessageCompressOffer>) -> PerMessageCompressOfferAccept?)? by
        ExclusiveOption(null, "perMessageDeflate")

    /**
     * Additional extensions, in the order in which they transform sent messages, after compression.
     * An extension that needs an RSV bit already in use is left out. Default: none.
     */
    public var extensions: List<ServerExtension> by option(emptyList())

    /** Returns the compression, if there is one, and [extensions], in order. */
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
    )
}

private const val ORIGINS =
    "same-origin or origins such as https://*.example.com, without a path; for any port end with :*"

private fun originsOption(value: List<String>) =
    option(value, ORIGINS) { it.all(AllowedOrigins::isPattern) }
