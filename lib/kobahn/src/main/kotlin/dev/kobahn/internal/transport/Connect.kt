package dev.kobahn.internal.transport

import io.ktor.network.selector.Selectable
import io.ktor.network.sockets.Socket
import io.ktor.network.sockets.aSocket
import java.io.IOException
import java.nio.channels.SocketChannel
import kotlinx.coroutines.withContext

/**
 * Options of a connection's socket.
 *
 * @property tcpNoDelay whether short writes leave at once (Nagle's algorithm off)
 * @property tcpKeepAlive whether the system probes an idle connection; null leaves it as it is
 * @property receiveBufferSize the system's receive buffer in octets; null leaves it as it is
 * @property sendBufferSize the system's send buffer in octets; null leaves it as it is
 */
internal data class SocketSettings(
    val tcpNoDelay: Boolean = true,
    val tcpKeepAlive: Boolean? = null,
    val receiveBufferSize: Int? = null,
    val sendBufferSize: Int? = null,
)

/**
 * Connects to the one of [addresses] that answers first, see [firstToSucceed], and returns a
 * transport pinned to [loop] that is yet to be started. Throws the IOException of the last address,
 * with the earlier ones suppressed in it; each says which address it is about. A cancelled or timed
 * out attempt leaves no socket behind.
 *
 * @param failures gets the IOException of each address as it comes
 */
internal suspend fun connect(
    addresses: List<EndpointAddress>,
    loop: EventLoop,
    settings: SocketSettings = SocketSettings(),
    failures: MutableList<IOException> = ArrayList(1),
): SocketTransport {
    var transport: SocketTransport? = null
    try {
        return withContext(loop.dispatcher) {
            firstToSucceed(addresses, failures, SocketTransport::close) { address ->
                address.named { transportOver(open(address, loop, settings), loop) }
            }.also { transport = it }
        }
    } catch (failure: Throwable) {
        // Cancelled on the way back to the caller, who will never see it.
        transport?.close()
        throw failure
    }
}

/** As [connect], to the addresses of [endpoint]. */
internal suspend fun connect(
    endpoint: Endpoint,
    loop: EventLoop,
    settings: SocketSettings = SocketSettings(),
): SocketTransport = connect(endpoint.resolve(), loop, settings)

private suspend fun open(
    address: EndpointAddress,
    loop: EventLoop,
    settings: SocketSettings,
): Socket = aSocket(loop.selectorManager).tcp().connect(address.address) {
    noDelay = settings.tcpNoDelay
    keepAlive = settings.tcpKeepAlive
    settings.receiveBufferSize?.let { receiveBufferSize = it }
    settings.sendBufferSize?.let { sendBufferSize = it }
}

/** A transport over [socket], which is closed if that fails. On [loop]. */
internal fun transportOver(socket: Socket, loop: EventLoop): SocketTransport {
    val channel = socket.channel
    try {
        return SocketTransport(channel, loop)
    } catch (failure: Throwable) {
        channel.close()
        throw failure
    }
}

/**
 * What Ktor's socket stands on. Closing it is enough: of its own a socket holds nothing until it is
 * read or written through Ktor, and its `close` would go by way of another thread.
 */
internal val Socket.channel: SocketChannel get() = (this as Selectable).channel as SocketChannel
