package dev.kobahn.internal.transport

import java.net.StandardSocketOptions
import java.nio.channels.SocketChannel
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin

/** Small buffers, so that a few bytes suffice to fill them. */
internal val NARROW = SocketSettings(receiveBufferSize = 64 * 1024, sendBufferSize = 64 * 1024)

/** A connected pair over [endpoint]: the first end connected, the second was accepted. */
internal suspend fun connectedPair(
    endpoint: Endpoint,
    loops: EventLoopGroup.Lease,
    settings: SocketSettings = NARROW,
): Pair<SocketTransport, SocketTransport> {
    val accepted = CompletableDeferred<SocketTransport>()
    val acceptor = Acceptor.bind(endpoint, loops, ListenSettings(accepted = settings)) {
        accepted.complete(it)
    }
    val accepting = acceptor.start(CoroutineScope(Dispatchers.Default + Job()))
    val target = if (endpoint is Endpoint.Tcp) endpoint.copy(port = acceptor.port) else endpoint
    val first = connect(target, loops.next(), settings)
    return (first to accepted.await()).also { accepting.cancelAndJoin() }
}

/** A pair over sockets for the contract. */
internal class JoinedSockets(
    override val first: SocketTransport,
    override val second: SocketTransport,
) : Joined {
    override val writes: Int get() = first.writes

    override fun vanish() {
        // Without lingering, the system sends RST when the channel is closed.
        second.channel.setOption(StandardSocketOptions.SO_LINGER, 0)
        second.close()
    }
}
