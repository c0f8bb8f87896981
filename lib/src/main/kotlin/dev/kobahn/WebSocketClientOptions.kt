package dev.kobahn

import dev.kobahn.internal.connection.ConnectionConfig
import dev.kobahn.internal.options.headersOption
import dev.kobahn.internal.options.option
import dev.kobahn.internal.options.timeOption
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.ProtocolVersions
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** The options of a client, see [webSocketClient]. Autobahn: `WebSocketClientFactory`. */
public class WebSocketClientOptions internal constructor() : WebSocketOptions() {
    /** The subprotocols offered, the one liked best first. */
    public var protocols: List<String> by option(emptyList())

    /** Further fields of the request. */
    public var headers: Headers by headersOption()

    /** The `Origin` field of the request, verbatim; null leaves it out. */
    public var origin: String? by option(null)

    /** The `User-Agent` field of the request; null or empty leaves it out. */
    public var useragent: String? by option("Kobahn")

    /** The draft to speak: 18 is RFC 6455, 10 to 17 are those before it. */
    public var version: Int by
        option(ProtocolVersions.DEFAULT_DRAFT, "10 to 18") { it in ProtocolVersions.DRAFTS }

    /** Whether masked frames of a server are taken, which RFC 6455 section 5.1 forbids. */
    public var acceptMaskedServerFrames: Boolean by option(false)

    /** Whether sent frames are masked, as RFC 6455 section 5.1 demands. */
    public var maskClientFrames: Boolean by option(true)

    /** How long the server has to end the transport once both Close frames are exchanged. Zero is no limit. */
    public var serverConnectionDropTimeout: Duration by timeOption(1.seconds)

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
