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
 * @property tcpKeepAlive whether the system probes an idle connection; null keeps its default
 * @property receiveBufferSize the system's receive buffer in bytes; null keeps its default
 * @property sendBufferSize the system's send buffer in bytes; null keeps its default
 */
internal data class SocketSettings(
    val tcpNoDelay: Boolean = true,
    val tcpKeepAlive: Boolean? = null,
    val receiveBufferSize: Int? = null,
    val sendBufferSize: Int? = null,
)

/**
 * Connects to the first of [addresses] that answers, see [firstToSucceed], and returns a transport on
 * [loop] that is not started yet. If all fail, throws the last IOException, with the earlier ones
 * suppressed in it; each names its address. Leaves no socket behind if it is cancelled or times out.
 *
 * @param failures receives each IOException when it occurs
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
        // Cancelled on the way back to the caller, which does not get the transport.
        transport?.close()
        throw failure
    }
}

/** Connects to an address of [endpoint]. */
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

/** Returns a transport over [socket], or closes the socket and throws. On [loop]. */
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
 * The channel under Ktor's socket. Closing the channel is enough: Ktor's socket holds nothing else
 * until Ktor reads or writes, and its own `close` would take the way over another thread.
 */
internal val Socket.channel: SocketChannel get() = (this as Selectable).channel as SocketChannel
