package dev.kobahn.internal.transport

import io.ktor.network.selector.Selectable
import io.ktor.network.sockets.ServerSocket
import io.ktor.network.sockets.Socket
import io.ktor.network.sockets.aSocket
import java.io.IOException
import java.net.InetSocketAddress
import java.net.StandardSocketOptions
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.util.concurrent.locks.LockSupport
import kotlin.coroutines.cancellation.CancellationException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.delay
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield

/**
 * Options of a listening socket.
 *
 * @property backlog how many connections may wait to be accepted; the system has its own limit
 * @property reuseAddress whether a port may be bound that old connections still linger on
 * @property reusePort whether several sockets may listen on the port, where the system knows that
 * @property accepted options of the accepted sockets
 */
internal data class ListenSettings(
    val backlog: Int = 511,
    val reuseAddress: Boolean = true,
    val reusePort: Boolean = false,
    val accepted: SocketSettings = SocketSettings(),
)

/**
 * Accepts connections until it is closed and hands each to [onAccept], on the loop it was pinned
 * to, as a transport yet to be started. Too many open files or a connection that fails while it is
 * accepted is logged, once in a row, and after a pause it goes on.
 */
internal class Acceptor(
    private val server: ServerSocket,
    private val loop: EventLoop,
    private val nextLoop: () -> EventLoop,
    private val settings: SocketSettings,
    private val onAccept: (SocketTransport) -> Unit,
) {
    private val channel = (server as Selectable).channel as ServerSocketChannel
    private val address = channel.localAddress
    private var failing = false

    /** The port it listens on, 0 for a Unix socket. */
    val port: Int = (address as? InetSocketAddress)?.port ?: 0

    /** Where it listens, in the form of [toText]. */
    val local: String = address?.toText().orEmpty()

    /**
     * Starts to accept, as a child of [scope]. Cancelling the job that is returned stops it; when
     * that has completed, the port is free again.
     */
    @OptIn(DelicateCoroutinesApi::class) // Atomic, for the socket must be closed in any case.
    fun start(scope: CoroutineScope): Job = scope.launch(loop.dispatcher, CoroutineStart.ATOMIC) {
        try {
            ensureActive()
            acceptAll()
        } finally {
            withContext(NonCancellable) { close() }
        }
    }

    private suspend fun acceptAll() {
        while (channel.isOpen) {
            surviving {
                repeat(ACCEPTS_AT_ONCE) { acceptOne() }
                yield()
            }
        }
    }

    private suspend fun acceptOne() {
        surviving {
            val socket = server.accept()
            failing = false
            try {
                hand(socket, nextLoop())
            } catch (failure: Throwable) {
                socket.channel.close()
                throw failure
            }
        }
    }

    /** Errors too: out of memory must not be the end of a server. */
    private suspend inline fun surviving(action: () -> Unit) {
        try {
            action()
        } catch (cancellation: CancellationException) {
            throw cancellation
        } catch (failure: Throwable) {
            if (!channel.isOpen) return
            loop.releaseReserve(failure)
            if (!failing) report(failure)
            failing = true
            pause()
        }
    }

    private suspend fun pause() {
        try {
            delay(PAUSE)
        } catch (_: OutOfMemoryError) {
            // A timer needs some. The loop has nothing better to do than to wait for it.
            LockSupport.parkNanos(PAUSE_WITHOUT_MEMORY)
        }
    }

    private fun report(failure: Throwable) {
        try {
            logger.warn(failure) { "Accepting at $local failed, going on" }
        } catch (_: Throwable) {
            // Without memory nobody can be told, but accepting has to go on all the same.
        }
    }

    private fun hand(socket: Socket, target: EventLoop) {
        target.execute {
            var transport: SocketTransport? = null
            try {
                apply(settings, socket.channel)
                transport = transportOver(socket, target)
                onAccept(transport)
            } catch (failure: Throwable) {
                target.releaseReserve(failure)
                transport?.close() ?: socket.channel.close()
                logger.warn(failure) { "A connection accepted at $local failed" }
            }
        }
    }

    /** The system frees the port when the selector has forgotten the closed channel. */
    private suspend fun close() {
        server.close()
        suspendCancellableCoroutine { continuation ->
            loop.afterSelect { continuation.resumeWith(Result.success(Unit)) }
        }
    }

    internal companion object {
        private const val ACCEPTS_AT_ONCE = 64
        private val PAUSE: Duration = 50.milliseconds
        private const val PAUSE_WITHOUT_MEMORY = 10_000_000L

        /**
         * Listens at [endpoint], on the first of its addresses that can be bound; start it next. The
         * accepting is done on one of [loops], the connections are spread over all of them, which are
         * opened for that. Throws IOException if nothing can be bound, or descriptors are too few.
         */
        suspend fun bind(
            endpoint: Endpoint,
            loops: EventLoopGroup.Lease,
            settings: ListenSettings = ListenSettings(),
            onAccept: (SocketTransport) -> Unit,
        ): Acceptor {
            loops.openAll()
            val loop = loops.next()
            val server = listen(endpoint, loop, settings)
            return Acceptor(server, loop, loops::next, settings.accepted, onAccept)
        }
    }
}

private suspend fun listen(
    endpoint: Endpoint,
    loop: EventLoop,
    settings: ListenSettings,
): ServerSocket {
    val failures = ArrayList<IOException>()
    for (address in endpoint.resolve()) {
        try {
            return address.named { bind(address, loop, settings) }
        } catch (failure: IOException) {
            failures.add(failure)
        }
    }
    throw joined(failures)
}

private suspend fun bind(
    address: EndpointAddress,
    loop: EventLoop,
    settings: ListenSettings,
): ServerSocket = aSocket(loop.selectorManager).tcp().bind(address.address) {
    backlogSize = settings.backlog
    reuseAddress = settings.reuseAddress
    reusePort = settings.reusePort
}

private fun apply(settings: SocketSettings, channel: SocketChannel) {
    if (channel.remoteAddress !is InetSocketAddress) return
    // Ktor has switched Nagle's algorithm off.
    if (!settings.tcpNoDelay) channel.setOption(StandardSocketOptions.TCP_NODELAY, false)
    settings.tcpKeepAlive?.let { channel.setOption(StandardSocketOptions.SO_KEEPALIVE, it) }
    settings.receiveBufferSize?.let { channel.setOption(StandardSocketOptions.SO_RCVBUF, it) }
    settings.sendBufferSize?.let { channel.setOption(StandardSocketOptions.SO_SNDBUF, it) }
}
