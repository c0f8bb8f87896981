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
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.delay
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield

/**
 * Options of a listening socket.
 *
 * @property backlog the number of connections that may wait to be accepted; the system may lower it
 * @property reusePort whether several sockets may listen at the same TCP port (`SO_REUSEPORT`)
 * @property accepted options of the accepted sockets
 */
internal data class ListenSettings(
    val backlog: Int = 511,
    val reusePort: Boolean = false,
    val accepted: SocketSettings = SocketSettings(),
)

/**
 * Accepts connections until it is closed. Gives each connection a loop and passes it to [onAccept],
 * on that loop, as a transport that is not started yet. If accepting fails, for example for too many
 * open files, it logs the first of several failures in a row, pauses, and goes on.
 */
internal class Acceptor(
    private val server: ServerSocket,
    private val loop: EventLoop,
    private val nextLoop: () -> EventLoop,
    private val settings: SocketSettings,
    private val file: UnixSocketFile? = null,
    private val onAccept: (SocketTransport) -> Unit,
) {
    private val channel = (server as Selectable).channel as ServerSocketChannel
    private val address = channel.localAddress
    private var failing = false

    val port: Int = (address as? InetSocketAddress)?.port ?: 0

    /** The address of the listening socket, in the form of [toText]. */
    val local: String = address?.toText().orEmpty()

    /**
     * Starts to accept, as a child of [scope]. Cancelling the returned job stops accepting; when the
     * job has completed, the port is free again.
     */
    @OptIn(DelicateCoroutinesApi::class) // Atomic: the socket must be closed in any case.
    fun start(scope: CoroutineScope): Job = scope.launch(loop.dispatcher, CoroutineStart.ATOMIC) {
        try {
            ensureActive()
            acceptAll()
        } finally {
            close()
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

    /** Survives errors too: a lack of memory must not end a server. */
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
            // A timer needs memory. Blocking the loop is right: without memory it can do nothing.
            LockSupport.parkNanos(PAUSE_WITHOUT_MEMORY)
        }
    }

    private fun report(failure: Throwable) {
        try {
            logger.warn(failure) { "Accepting at $local failed, going on" }
        } catch (_: Throwable) {
            // Logging may need memory that is lacking. Accepting has to go on nevertheless.
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

    /**
     * Stops listening, and removes the file of a Unix socket. Waits for the next selection: only
     * then does the system free the port of a closed channel. Not cancellable.
     */
    suspend fun close() = uncancelled(loop.dispatcher) {
        if (file != null) withContext(Dispatchers.IO) { file.remove() }
        server.close()
        suspendCancellableCoroutine { continuation ->
            loop.executeNextTurn { continuation.resumeWith(Result.success(Unit)) }
        }
    }

    internal companion object {
        private const val ACCEPTS_AT_ONCE = 64
        private val PAUSE: Duration = 50.milliseconds
        private const val PAUSE_WITHOUT_MEMORY = 10_000_000L

        /**
         * Listens at the first address of [endpoint] that can be bound. Call [start] next. One of
         * [loops] accepts; the connections are spread over all of them, and so all are opened now.
         * Throws IOException if no address can be bound, or file descriptors are too few.
         */
        suspend fun bind(
            endpoint: Endpoint,
            loops: EventLoopGroup.Lease,
            settings: ListenSettings = ListenSettings(),
            onAccept: (SocketTransport) -> Unit,
        ): Acceptor {
            loops.openAll()
            val loop = loops.next()
            val file = (endpoint as? Endpoint.Unix)?.let { UnixSocketFile(it.path) }
            val server = listen(endpoint, loop, settings, file)
            return Acceptor(server, loop, loops::next, settings.accepted, file, onAccept)
        }
    }
}

private suspend fun listen(
    endpoint: Endpoint,
    loop: EventLoop,
    settings: ListenSettings,
    file: UnixSocketFile?,
): ServerSocket {
    val failures = ArrayList<IOException>()
    for (address in endpoint.resolve()) {
        try {
            return address.named {
                if (file ==
                    null
                ) {
                    bind(address, loop, settings)
                } else {
                    bindTo(file, address, loop, settings)
                }
            }
        } catch (failure: IOException) {
            failures.add(failure)
        }
    }
    throw joined(failures)
}

/**
 * Held while a Unix socket is bound: between its binding and its listening, a second server of this
 * process would find nobody there, and remove the file.
 */
private val unixBinding = Mutex()

private suspend fun bindTo(
    file: UnixSocketFile,
    address: EndpointAddress,
    loop: EventLoop,
    settings: ListenSettings,
): ServerSocket = unixBinding.withLock {
    withContext(Dispatchers.IO) {
        file.makeWay {
            aSocket(loop.selectorManager).tcp().connect(address.address).close()
            true
        }
    }
    val server = bind(address, loop, settings.copy(reusePort = false))
    try {
        uncancelled(Dispatchers.IO) { file.onBound() }
    } catch (failure: IOException) {
        server.close()
        throw failure
    }
    server
}

/**
 * Runs [block] on [dispatcher] and returns its result even to a cancelled caller: with both elements
 * in one context, the way back to the caller's dispatcher would throw its cancellation.
 */
private suspend fun <T> uncancelled(dispatcher: CoroutineDispatcher, block: suspend () -> T): T =
    withContext(NonCancellable) { withContext(dispatcher) { block() } }

private suspend fun bind(
    address: EndpointAddress,
    loop: EventLoop,
    settings: ListenSettings,
): ServerSocket = try {
    aSocket(loop.selectorManager).tcp().bind(address.address) {
        backlogSize = settings.backlog
        // Old connections may still linger on the port.
        reuseAddress = true
        reusePort = settings.reusePort
    }.also { offer(settings.accepted, it) }
} catch (unsupported: UnsupportedOperationException) {
    throw IOException("reusePort (SO_REUSEPORT) is not supported by this system", unsupported)
}

/**
 * Sets the receive buffer that the sockets to be accepted inherit: TCP agrees on its window before a
 * connection is accepted.
 */
private fun offer(settings: SocketSettings, server: ServerSocket) {
    val channel = (server as Selectable).channel as ServerSocketChannel
    val size = settings.receiveBufferSize ?: return
    channel.setOption(StandardSocketOptions.SO_RCVBUF, size)
}

private fun apply(settings: SocketSettings, channel: SocketChannel) {
    settings.receiveBufferSize?.let { channel.setOption(StandardSocketOptions.SO_RCVBUF, it) }
    settings.sendBufferSize?.let { channel.setOption(StandardSocketOptions.SO_SNDBUF, it) }
    if (channel.remoteAddress !is InetSocketAddress) return
    // Ktor has switched off Nagle's algorithm.
    if (!settings.tcpNoDelay) channel.setOption(StandardSocketOptions.TCP_NODELAY, false)
    settings.tcpKeepAlive?.let { channel.setOption(StandardSocketOptions.SO_KEEPALIVE, it) }
}
