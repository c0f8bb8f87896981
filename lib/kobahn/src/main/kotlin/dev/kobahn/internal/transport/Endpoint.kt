package dev.kobahn.internal.transport

import dev.kobahn.protocol.handshake.HostAndPort
import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.SocketAddress
import io.ktor.network.sockets.UnixSocketAddress
import java.io.IOException
import java.net.BindException
import java.net.ConnectException
import java.net.InetAddress
import java.net.NoRouteToHostException
import java.net.SocketException
import java.net.UnknownHostException
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.suspendCancellableCoroutine

/** The address to which a client connects, or at which a server listens. */
internal sealed interface Endpoint {
    /** A [host] (a name or an address, IPv6 without brackets) and a [port]; 0 is any free port. */
    data class Tcp(val host: String, val port: Int) : Endpoint {
        init {
            require(port in PORTS) { "port must be in $PORTS, but is $port" }
        }

        override fun toString(): String = "${HostAndPort.bracketed(host)}:$port"
    }

    /** A Unix domain socket; needs Java 16. */
    data class Unix(val path: String) : Endpoint {
        override fun toString(): String = path
    }

    private companion object {
        val PORTS = 0..0xFFFF
    }
}

/**
 * Returns the addresses of this endpoint, at least one, in the order in which to try them. Looks up
 * names on [Dispatchers.IO]; if cancelled, returns at once and leaves the lookup to end by itself.
 * Throws [UnknownHostException], or IOException if Unix sockets are not supported.
 */
internal suspend fun Endpoint.resolve(): List<EndpointAddress> = when (this) {
    is Endpoint.Tcp -> resolve(host).map { address(it.toLiteral()) }
    is Endpoint.Unix -> listOf(EndpointAddress(unixAddress(path), path))
}

private fun Endpoint.Tcp.address(literal: String): EndpointAddress {
    val numeric = Endpoint.Tcp(literal, port).toString()
    val text = if (literal == host) numeric else "$host/$numeric"
    return EndpointAddress(InetSocketAddress(literal, port), text)
}

/** An [address] of an endpoint. Its text has the name too, as in `localhost/127.0.0.1:80`. */
internal class EndpointAddress(val address: SocketAddress, private val text: String) {
    override fun toString(): String = text

    /** Runs [block] and adds the address to the message of its IOExceptions. */
    suspend fun <T> named(block: suspend () -> T): T = try {
        block()
    } catch (failure: IOException) {
        throw named(failure)
    }

    private fun named(failure: IOException): IOException {
        val message = "${failure.message ?: failure}: $this"
        // Callers distinguish these types; all others become an IOException.
        val named = when (failure) {
            is ConnectException -> ConnectException(message)
            is BindException -> BindException(message)
            is NoRouteToHostException -> NoRouteToHostException(message)
            is SocketException -> SocketException(message)
            else -> IOException(message)
        }
        return named.apply { initCause(failure) }
    }
}

/** Returns the addresses of [host], in the resolver's order. Throws [UnknownHostException]. */
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
