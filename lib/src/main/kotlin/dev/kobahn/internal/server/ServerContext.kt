package dev.kobahn.internal.server

import dev.kobahn.WebSocketServerOptions
import dev.kobahn.internal.connection.SecureMaskingKeys
import dev.kobahn.protocol.handshake.ServerHandshake
import kotlinx.coroutines.CoroutineScope

/** What all connections of a server share. Immutable. */
internal class ServerContext(val options: WebSocketServerOptions, val scope: CoroutineScope) {
    private val direct = options.handshake(isProxied = false)
    private val proxied = options.handshake(isProxied = true)
    private val trustedProxies = TrustedProxies(options.trustedProxies)
    val headLimits = options.headLimits()
    val connectionConfig = options.connectionConfig()
    val routes = RouteTable(options)
    val maskingKeys = SecureMaskingKeys()

    /** The handshake for connections from [peer]. */
    fun handshake(peer: String): ServerHandshake = when {
        options.trustXForwardedFor == 0 -> direct
        trustedProxies.contains(peer) -> proxied
        else -> direct
    }
}
