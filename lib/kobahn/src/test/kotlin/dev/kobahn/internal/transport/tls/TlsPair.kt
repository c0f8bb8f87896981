package dev.kobahn.internal.transport.tls

import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.transport.Joined
import dev.kobahn.internal.transport.goRound
import dev.kobahn.internal.transport.onLoop
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope

/** A client and a server of TLS that have finished their handshake and are not started. */
internal class TlsPair(val client: Transport, val server: Transport)

/** Secures both ends of a pair. */
internal suspend fun secure(
    client: Transport,
    server: Transport,
    clientTls: ClientTls = Certificates.clientTls(),
    serverTls: ServerTls = Certificates.serverTls(),
): TlsPair = coroutineScope {
    val opened = CompletableDeferred<Unit>()
    val atServer = serverTls.secure(server, opened)
    server.onLoop { atServer.begin() }
    val atClient = async { clientTls.secure(client, "localhost", 443) }
    opened.await()
    TlsPair(atClient.await(), atServer)
}

/** Secures a pair for the contract. [clientIsFirst] tells the role of the first end. */
internal suspend fun Joined.secured(
    clientIsFirst: Boolean,
    clientTls: ClientTls = Certificates.clientTls(),
    serverTls: ServerTls = Certificates.serverTls(),
): Joined {
    val inner = this
    val pair = if (clientIsFirst) {
        secure(first, second, clientTls, serverTls)
    } else {
        secure(second, first, clientTls, serverTls)
    }
    // The server sends its tickets last.
    goRound(first.loop, second.loop)
    val writesOfHandshake = writes
    return object : Joined {
        override val first = if (clientIsFirst) pair.client else pair.server
        override val second = if (clientIsFirst) pair.server else pair.client
        override val writes get() = inner.writes - writesOfHandshake

        override fun vanish() = inner.vanish()
    }
}
