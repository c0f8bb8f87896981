package dev.kobahn.internal.server

import dev.kobahn.ServerConnectionOptions
import dev.kobahn.ServerWebSocket
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.protocol.extension.ServerExtension
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.ServerHandshake
import dev.kobahn.protocol.handshake.ServerStatus
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineDispatcher

/**
 * The options of one route, or of the server for requests that match no route, read once.
 * Immutable.
 *
 * @property handler serves a WebSocket, or null if the route has none
 */
internal class RouteConfig(
    server: WebSocketServerOptions,
    options: ServerConnectionOptions,
    val handler: (suspend ServerWebSocket.() -> Unit)?,
) {
    private val direct = server.handshake(isProxied = false, options)
    private val proxied = server.handshake(isProxied = true, options)
    val subprotocols: List<String> = options.subprotocols
    val headers: Headers = options.headers
    val extensions: List<ServerExtension> = options.allExtensions()
    val handlerDispatcher: CoroutineDispatcher? = options.handlerDispatcher
    val dropTimeout: Duration = options.dropTimeout
    val connectionConfig = options.connectionConfig()

    /** The page for requests that are no upgrade, or null. */
    val status = if (options.webStatus) ServerStatus(options.allowedRedirects) else null

    /** The longest time that closing takes, if its steps are limited. */
    val closingTime: Duration = options.closeHandshakeTimeout + dropTimeout

    /** Returns the handshake for a peer that is, or is not, a trusted proxy. */
    fun handshake(isProxied: Boolean): ServerHandshake = if (isProxied) proxied else direct
}
