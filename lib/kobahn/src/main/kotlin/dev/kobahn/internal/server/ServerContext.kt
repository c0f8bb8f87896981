package dev.kobahn.internal.server

import dev.kobahn.WebSocketServerOptions
import dev.kobahn.internal.connection.MemoryBudget
import dev.kobahn.internal.connection.SecureMaskingKeys
import dev.kobahn.internal.connection.Transport
import kotlinx.coroutines.CoroutineScope

/** Everything that the connections of a server share. */
internal class ServerContext(val options: WebSocketServerOptions, val scope: CoroutineScope) {
    private val trustedProxies = TrustedProxies(options.trustedProxies)
    val headLimits = options.headLimits
    val headerText = SharedHeaderText()
    val routes = RouteTable(options)
    val budget = MemoryBudget.of(options.memoryBudget, "the server")
    val maskingKeys = SecureMaskingKeys()
    val handlers = RunningHandlers(options.maxLingeringHandlers)

    /** The log of connections before their route is known. */
    val wireLog = options.wireLogConfig()

    /** The answer to Flash's request for a socket policy, or null for none. */
    val flashSocketPolicy: ByteArray? = options.flashSocketPolicy
        ?.let { (it.trimEnd(NUL) + NUL).encodeToByteArray() }

    /** Whether the peer of [transport] is a proxy whose `X-Forwarded-For` is believed. */
    fun isProxied(transport: Transport): Boolean =
        options.trustXForwardedFor > 0 && trustedProxies.contains(transport.peer)

    private companion object {
        const val NUL = '\u0000'
    }
}
