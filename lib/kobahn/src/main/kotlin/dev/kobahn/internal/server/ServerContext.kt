package dev.kobahn.internal.server

import dev.kobahn.WebSocketServerOptions
import dev.kobahn.headLimits
import dev.kobahn.internal.connection.MemoryBudget
import dev.kobahn.internal.connection.SecureMaskingKeys
import dev.kobahn.internal.connection.Transport
import kotlinx.coroutines.CoroutineScope

/** What all connections of a server share. Immutable. */
internal class ServerContext(val options: WebSocketServerOptions, val scope: CoroutineScope) {
    private val trustedProxies = TrustedProxies(options.trustedProxies)
    val headLimits = options.headLimits()
    val routes = RouteTable(options)
    val budget = MemoryBudget.of(options.memoryBudget, "the server")
    val maskingKeys = SecureMaskingKeys()
    val handlers = RunningHandlers(options.maxLingeringHandlers)

    /** What is logged of connections before it is known which route they are for. */
    val wireLog = options.wireLogConfig()

    /** What Flash is answered, or null if nothing. */
    val flashSocketPolicy: ByteArray? = options.flashSocketPolicy
        .takeIf { options.serveFlashSocketPolicy }
        ?.let { (it.trimEnd(NUL) + NUL).encodeToByteArray() }

    /** Whether the peer of [transport] is a proxy whose word on who asks is taken. */
    fun isProxied(transport: Transport): Boolean =
        options.trustXForwardedFor > 0 && trustedProxies.contains(transport.peer)

    private companion object {
        const val NUL = '\u0000'
    }
}
