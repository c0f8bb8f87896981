package dev.kobahn.internal.transport

import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.SocketAddress
import io.ktor.network.sockets.UnixSocketAddress
import java.io.IOException
import java.net.InetAddress
import java.net.UnknownHostException
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.suspendCancellableCoroutine

/** Where a client connects to or a server listens. */
internal sealed interface Endpoint {
    /** A [host] by name or address, IPv6 without brackets, and a [port]; 0 to listen on any free one. */
    data class Tcp(val host: String, val port: Int) : Endpoint {
        init {
            require(port in PORTS) { "port must be in $PORTS, but is $port" }
        }
    }

    /** A Unix domain socket; needs Java 16. */
    data class Unix(val path: String) : Endpoint

    private companion object {
        val PORTS = 0..0xFFFF
    }
}

/**
 * The addresses of this endpoint, at least one, in the order they should be tried. A name is looked
 * up on [Dispatchers.IO]; on cancellation the caller goes on at once and the lookup ends by itself.
 * Throws [UnknownHostException], or IOException where Unix sockets are not supported.
 */
internal suspend fun Endpoint.resolve(): List<SocketAddress> = when (this) {
    is Endpoint.Tcp -> resolve(host).map { InetSocketAddress(it.toLiteral(), port) }
    is Endpoint.Unix -> listOf(unixAddress(path))
}

/** The addresses of [host], in the resolver's order. Throws [UnknownHostException]. */
internal suspend fun resolve(host: String): List<InetAddress> =
    suspendCancellableCoroutine { continuation ->
        val lookup = Runnable {
            continuation.resumeWith(runCatching { InetAddress.getAllByName(host).asList() })
        }
        Dispatchers.IO.dispatch(EmptyCoroutineContext, lookup)
    }

private fun unixAddress(path: String): SocketAddress {
    if (!UnixSocketAddress.isSupported()) {
        throw IOException("Unix domain sockets need Java 16 or newer")
    }
    return UnixSocketAddress(path)
}
