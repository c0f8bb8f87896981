package dev.kobahn.internal.transport

import dev.kobahn.HostResolver
import dev.kobahn.protocol.IpAddress
import dev.kobahn.protocol.handshake.HostAndPort
import dev.kobahn.protocol.onOneLine
import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.SocketAddress
import io.ktor.network.sockets.UnixSocketAddress
import java.io.IOException
import java.net.BindException
import java.net.ConnectException
import java.net.Inet6Address
import java.net.InetAddress
import java.net.NoRouteToHostException
import java.net.SocketException
import java.net.UnknownHostException
import java.nio.channels.UnsupportedAddressTypeException
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
        override fun toString(): String = path.onOneLine()
    }

    private companion object {
        val PORTS = 0..0xFFFF
    }
}

/**
 * Returns the addresses of this endpoint, at least one and at most [MAX_ADDRESSES], in the order in
 * which to try them: that of the [resolver], with IPv6 and IPv4 in turn (RFC 8305 section 4), so
 * that a family that does not work costs one attempt. If cancelled, returns at once and leaves the
 * lookup to end by itself. Throws [UnknownHostException], or IOException if Unix sockets are not
 * supported.
 */
internal suspend fun Endpoint.resolve(
    resolver: HostResolver = SystemResolver,
): List<EndpointAddress> = when (this) {
    is Endpoint.Tcp -> interleaved(lookup(resolver)).take(MAX_ADDRESSES).map {
        address(it.toLiteral())
    }

    is Endpoint.Unix -> listOf(EndpointAddress(unixAddress(path), "$this"))
}

private suspend fun Endpoint.Tcp.lookup(resolver: HostResolver): List<InetAddress> {
    val isLiteral = IpAddress.parse(HostAndPort.withoutZone(host)) != null
    val unknown = try {
        val found = (if (isLiteral) SystemResolver else resolver).resolve(host)
        if (found.isNotEmpty()) return found
        null
    } catch (failure: UnknownHostException) {
        failure
    } catch (failure: IOException) {
        val detail = failure.message ?: "$failure"
        throw IOException("DNS: the lookup of $host failed ($detail)".onOneLine(), failure)
    }
    val detail = unknown?.message?.takeIf { it != host }?.let { " ($it)" }.orEmpty()
    throw UnknownHostException(
        "DNS: no address of $host$detail; check the name and the network".onOneLine(),
    )
        .apply { initCause(unknown) }
}

/** Returns [addresses] with the two families in turn, beginning with that of the first address. */
internal fun interleaved(addresses: List<InetAddress>): List<InetAddress> {
    val isIpv6 = addresses.firstOrNull() is Inet6Address
    val (first, second) = addresses.partition { it is Inet6Address == isIpv6 }
    return (0 until maxOf(first.size, second.size))
        .flatMap { listOfNotNull(first.getOrNull(it), second.getOrNull(it)) }
}

/** A host with more addresses is misconfigured, or hostile. */
private const val MAX_ADDRESSES = 64

private fun Endpoint.Tcp.address(literal: String): EndpointAddress {
    val numeric = Endpoint.Tcp(literal, port).toString()
    val text = if (literal == host) numeric else "$host/$numeric"
    return EndpointAddress(InetSocketAddress(literal, port), text)
}

/** An [address] of an endpoint. Its text has the name too, as in `localhost/127.0.0.1:80`. */
internal class EndpointAddress(val address: SocketAddress, private val text: String) {
    override fun toString(): String = text

    /**
     * Runs [block] and adds the address to the message of its IOExceptions. One of them stands for
     * the exception that NIO has for an address whose family the machine lacks.
     */
    suspend fun <T> named(phase: String = "", block: suspend () -> T): T = try {
        block()
    } catch (failure: IOException) {
        throw named(failure, phase)
    } catch (unsupported: UnsupportedAddressTypeException) {
        val failure = NoRouteToHostException("this machine has no IPv6")
        throw named(failure.apply { initCause(unsupported) }, phase)
    }

    private fun named(failure: IOException, phase: String): IOException {
        val message = "$phase${failure.message ?: failure}: $this" +
            (if (phase.isEmpty()) "" else remedy(failure))
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

    private fun remedy(failure: IOException): String = when {
        failure is NoRouteToHostException -> "; is there a network to it?"
        failure !is ConnectException -> ""
        failure.message.orEmpty().contains("timed out") -> "; a firewall may drop the packets"
        else -> "; does a server listen there?"
    }
}

/** Looks names up by the JDK. */
internal object SystemResolver :
    HostResolver by BlockingResolver({ InetAddress.getAllByName(it).asList() })

/**
 * Looks names up by [lookup] on [Dispatchers.IO], as it may block. A caller that is cancelled leaves
 * it to end by itself.
 */
internal class BlockingResolver(private val lookup: (String) -> List<InetAddress>) : HostResolver {
    override suspend fun resolve(host: String): List<InetAddress> =
        suspendCancellableCoroutine { continuation ->
            val call = Runnable { continuation.resumeWith(runCatching { lookup(host) }) }
            Dispatchers.IO.dispatch(EmptyCoroutineContext, call)
        }
}

private fun unixAddress(path: String): SocketAddress {
    if (!UnixSocketAddress.isSupported()) {
        throw IOException("Unix domain sockets need Java 16 or newer")
    }
    return UnixSocketAddress(path)
}
