package dev.kobahn.internal.server

import dev.kobahn.WebSocketServer
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.internal.connection.loggedBy
import dev.kobahn.internal.transport.Acceptor
import dev.kobahn.internal.transport.Endpoint
import dev.kobahn.internal.transport.EventLoopGroup
import dev.kobahn.internal.transport.ListenSettings
import dev.kobahn.internal.transport.SocketSettings
import dev.kobahn.internal.transport.SocketTransport
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.handshake.HttpStatus
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration
import kotlin.time.TimeSource
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/**
 * The server: an acceptor, the connections it made, and the job that owns them all.
 *
 * The job completes when the acceptor, every connection and every handler have ended; then the
 * event loops are given back.
 */
internal class RealWebSocketServer(private val options: WebSocketServerOptions, parent: Job?) :
    WebSocketServer {
    private val supervisor = SupervisorJob(parent)
    private val scope = CoroutineScope(supervisor)
    private val connections = ServerConnections()
    private val count = AtomicInteger()
    private val started = AtomicBoolean()
    private val stopping = AtomicBoolean()

    @Volatile
    private var acceptor: Acceptor? = null
    private var accepting: Job? = null

    @Volatile
    private var closingTime = Duration.ZERO
    private val empty = CompletableDeferred<Unit>()

    override val job: Job get() = supervisor

    override val port: Int
        get() = checkNotNull(acceptor) { "the server has not been started" }.port

    override val connectionCount: Int get() = count.get()

    override suspend fun start() {
        check(started.compareAndSet(false, true)) { "the server was started before" }
        check(supervisor.isActive && !stopping.get()) { "the server was stopped" }
        val lease = EventLoopGroup.shared.acquire()
        supervisor.invokeOnCompletion { lease.release() }
        try {
            options.freeze()
            val context = ServerContext(options, scope)
            closingTime = context.routes.services.maxOf { it.closingTime }
            val made = Acceptor.bind(
                Endpoint.Tcp(options.host, options.port),
                lease,
                listenSettings(),
            ) {
                accept(it, context)
            }
            acceptor = made
            accepting = made.start(scope)
        } catch (failure: Throwable) {
            supervisor.complete()
            throw failure
        }
        // Cancelling the job ends the transports as well as the coroutines.
        scope.launch { awaitEnd() }
    }

    private fun listenSettings() = ListenSettings(
        backlog = options.backlog,
        accepted = SocketSettings(tcpNoDelay = options.tcpNoDelay),
    )

    /** Stays until the last transport has ended, so that the job does not end before. */
    private suspend fun awaitEnd() {
        try {
            empty.await()
        } finally {
            stopping.set(true)
            withContext(NonCancellable) { endAll() }
        }
    }

    /** Cancelled handlers close their connections; what they leave is dropped. */
    private suspend fun endAll() {
        accepting?.cancelAndJoin()
        connections.toList().forEach(ServerConnection::refusePending)
        checkEmpty()
        withTimeoutOrNull(closingTime) { empty.await() }
        connections.toList().forEach(ServerConnection::drop)
        empty.await()
    }

    private fun accept(transport: SocketTransport, context: ServerContext) {
        val isAdmitted = admit()
        val logged = transport.loggedBy(context.wireLog)
        val connection = ServerConnection(logged, context, if (isAdmitted) onEnd else onRefusedEnd)
        connections.add(connection)
        connection.start()
        if (!isAdmitted || stopping.get()) connection.refuse(HttpStatus.SERVICE_UNAVAILABLE)
    }

    /** One that is refused takes no place, or a flood of them would keep everybody out. */
    private fun admit(): Boolean {
        val number = count.incrementAndGet()
        val isFull = options.maxConnections > 0 && number > options.maxConnections
        if (isFull) count.decrementAndGet()
        return !isFull
    }

    private val onEnd: (ServerConnection) -> Unit = { connection ->
        count.decrementAndGet()
        onRefusedEnd(connection)
    }

    private val onRefusedEnd: (ServerConnection) -> Unit = { connection ->
        connections.remove(connection)
        checkEmpty()
    }

    private fun checkEmpty() {
        if (stopping.get() && connections.isEmpty) empty.complete(Unit)
    }

    override suspend fun stop(window: Duration, deadline: Duration, code: Int) {
        require(window >= Duration.ZERO) { "window is $window, must be 0 or more" }
        require(deadline >= Duration.ZERO) { "deadline is $deadline, must be 0 or more" }
        require(CloseCode.isAllowedOnWire(code)) {
            "code is $code, must be 1000-1003, 1007-1014 or 3000-4999"
        }
        stopping.set(true)
        supervisor.complete()
        try {
            withTimeoutOrNull(deadline) {
                accepting?.cancelAndJoin()
                closeAll(window, code)
                checkEmpty()
                supervisor.join()
            }
        } finally {
            withContext(NonCancellable) {
                connections.toList().forEach(ServerConnection::drop)
                supervisor.cancel()
                supervisor.join()
            }
        }
    }

    private suspend fun closeAll(window: Duration, code: Int) {
        connections.toList().forEach(ServerConnection::refusePending)
        val open = connections.toList()
        val begin = TimeSource.Monotonic.markNow()
        open.forEachIndexed { index, connection ->
            delay(window * index / open.size - begin.elapsedNow())
            connection.shutDown(code)
        }
    }

    override suspend fun join() = supervisor.join()
}
