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
 * How the connections of one route, or of no route, are served: the options read once. Immutable.
 *
 * @property handler the life of a connection, or null if there are none
 */
internal class Service(
    server: WebSocketServerOptions,
    options: ServerConnectionOptions,
    val handler: (suspend ServerWebSocket.() -> Unit)?,
) {
    private val direct = server.handshake(isProxied = false, options)
    private val proxied = server.handshake(isProxied = true, options)
    val protocols: List<String> = options.protocols
    val headers: Headers = options.headers
    val extensions: List<ServerExtension> = options.allExtensions()
    val handlerDispatcher: CoroutineDispatcher? = options.handlerDispatcher
    val dropTimeout: Duration = options.dropTimeout
    val connectionConfig = options.connectionConfig()

    /** The page for requests that ask for no WebSocket, or null. */
    val status = if (options.webStatus) ServerStatus(options.allowedRedirects) else null

    /** How long closing takes at most, where the times are limited. */
    val closingTime: Duration = options.closeHandshakeTimeout + dropTimeout

    /** The handshake for peers whose word on who asks is taken, or not. */
    fun handshake(isProxied: Boolean): ServerHandshake = if (isProxied) proxied else direct
}
