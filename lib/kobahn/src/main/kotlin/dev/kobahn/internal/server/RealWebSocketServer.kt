package dev.kobahn.internal.server

import dev.kobahn.Route
import dev.kobahn.WebSocketServer
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.internal.connection.MemoryBudget
import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.logSafely
import dev.kobahn.internal.connection.loggedBy
import dev.kobahn.internal.connection.loggerNamed
import dev.kobahn.internal.transport.EventLoop
import dev.kobahn.internal.transport.EventLoopGroup
import dev.kobahn.internal.transport.SocketTransport
import dev.kobahn.protocol.CloseCode
import io.github.oshai.kotlinlogging.KLogger
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.TimeSource
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/**
 * The server: its acceptor, its connections, and the job that owns them all.
 *
 * The job completes when the acceptor, every connection and every handler have ended. Then the
 * server releases its event loops.
 */
internal class RealWebSocketServer(
    private val options: WebSocketServerOptions,
    parent: Job?,
    private val loops: EventLoopGroup = EventLoopGroup.shared,
) : WebSocketServer {
    private val supervisor = SupervisorJob(parent)
    private val scope = CoroutineScope(supervisor)
    private val connections = ServerConnections()
    private val places = Places(options.maxConnections)
    private val started = AtomicBoolean()
    private val stopping = AtomicBoolean()

    @Volatile
    private var listeners: Listeners? = null

    /** The right to use the loops, where a host accepts the connections. */
    private var hosted: EventLoopGroup.Lease? = null

    @Volatile
    private var handlers: RunningHandlers? = null

    /** The coroutines that accept. Set once, under the monitor of [started]. */
    @Volatile
    private var accepting = emptyList<Job>()

    @Volatile
    private var closingTime = Duration.ZERO
    private val empty = CompletableDeferred<Unit>()

    /** The handlers that are in [stop]. No call of [stop] waits for them, as they wait for it. */
    private val stoppers: MutableSet<Job> = ConcurrentHashMap.newKeySet()

    override val job: Job get() = supervisor

    override val port: Int
        get() = checkNotNull(listening.port) { "the server listens on no TCP port" }

    override val addresses: List<String> get() = listening.addresses

    private val listening get() = checkNotNull(listeners) { "the server has not been started" }

    /** The memory that all connections share. Null without a limit, and before the start. */
    @Volatile
    var budget: MemoryBudget? = null
        private set

    override val connectionCount: Int get() = places.connectionCount

    override val handlerCount: Int get() = handlers?.count ?: 0

    /** Whether [start] was called, even if it failed. */
    val isStarted: Boolean get() = started.get()

    override suspend fun start() {
        check(started.compareAndSet(false, true)) { "the server was started before" }
        val lease = loops.acquire()
        try {
            checkNotStopped()
            options.freeze()
            val context = context()
            lease.openAll()
            Rehearsal.once(lease)
            val made = Listeners.bind(options, lease) { listener ->
                val tls = context.tlsOf(listener)
                val accepting = { transport: SocketTransport ->
                    val named = context.withProxyHeader(transport)
                    accept(tls?.secure(named) ?: named, context)
                }
                accepting
            }
            listen(made)
            logSafely { tellBudget(made, context) }
        } catch (failure: Throwable) {
            lease.release()
            supervisor.complete()
            throw failure
        }
        // Last: the job may complete while the server still binds, which needs the loops.
        supervisor.invokeOnCompletion { lease.release() }
    }

    private fun context() = ServerContext(options, scope, this, places).also {
        handlers = it.handlers
        budget = it.budget
        closingTime = it.routes.configs.maxOf(RouteConfig::closingTime)
    }

    /** Starts without a listener: connections come by [accept]. Returns the context for them. */
    fun startHosted(): ServerContext {
        check(started.compareAndSet(false, true)) { "the server was started before" }
        options.freeze()
        val context = context()
        val lease = loops.acquire()
        hosted = lease
        scope.launch(Dispatchers.Unconfined) { awaitEnd() }
        supervisor.invokeOnCompletion { lease.release() }
        return context
    }

    /** Returns a route that a host chooses. From any thread. */
    fun hostedRoute(configure: Route.() -> Unit): RouteConfig {
        val route = Route("/", options)
        route.values.isLate = true
        route.configure()
        route.freeze()
        val config = RouteConfig(options, route, route.handler ?: options.handler)
        synchronized(started) { closingTime = maxOf(closingTime, config.closingTime) }
        return config
    }

    /** Returns the loop for the next connection of a host, or null after the end of the server. */
    fun nextLoop(): EventLoop? = try {
        hosted!!.next()
    } catch (_: IllegalStateException) {
        null
    }

    private fun checkNotStopped() =
        check(supervisor.isActive && !stopping.get()) { "the server was stopped" }

    /** Begins to accept. Frees the port and throws if the server was stopped meanwhile. */
    private suspend fun listen(made: Listeners) {
        val isStopped = synchronized(started) {
            accepting = made.start(scope)
            listeners = made
            // A cancelled job ends the transports as well as the coroutines. Unconfined, because
            // handlers may block every loop.
            scope.launch(Dispatchers.Unconfined) { awaitEnd() }
            stopping.get() || !supervisor.isActive
        }
        if (isStopped) {
            withContext(NonCancellable) { accepting.forEach { it.cancelAndJoin() } }
            checkNotStopped()
        }
    }

    private fun tellBudget(listeners: Listeners, context: ServerContext) {
        val limit = context.budget?.limit
        val budget = if (limit == null) "no memoryBudget" else "a memoryBudget of $limit bytes"
        val places = listeners.addresses.joinToString(" and ")
        serverLogger.info { "listening at $places with $budget for all connections" }
    }

    /** Keeps the job from completing before the last transport has ended. */
    private suspend fun awaitEnd() {
        try {
            empty.await()
        } finally {
            stopping.set(true)
            withContext(NonCancellable) { endAll() }
        }
    }

    /** Gives cancelled handlers time to close their connections, and then drops the rest. */
    private suspend fun endAll() {
        accepting.forEach { it.cancel() }
        connections.toList().forEach(ServerConnection::refusePending)
        checkEmpty()
        withTimeoutOrNull(closingTime) { empty.await() }
        connections.toList().forEach(ServerConnection::drop)
        empty.await()
    }

    /**
     * Accepts the connection over [transport]. A host has read its request if [handover] is not
     * null. On the loop of the transport.
     */
    fun accept(transport: Transport, context: ServerContext, handover: Handover? = null) {
        // The loop was blocked until now, and nobody would wait for this connection's end.
        if (supervisor.isCompleted) return transport.close()
        val isOutOfMemory = context.budget?.isOver == true
        val place = if (isOutOfMemory) null else places.take()
        val connection = try {
            val logged = transport.loggedBy(context.wireLog)
            ServerConnection(logged, context, place, handover, onEnd)
        } catch (failure: Throwable) {
            places.giveBack(place)
            throw failure
        }
        connections.add(connection)
        try {
            connection.start()
            when {
                // The server may have ended before this connection was in its list.
                supervisor.isCompleted -> transport.close()

                isOutOfMemory -> connection.refuse { ServerOpeningHandshake.OUT_OF_MEMORY }

                place == null -> connection.refuse(context::tellFull)

                stopping.get() -> connection.refuse { "the server stops" }

                else -> connection.handshake?.begin()
            }
        } catch (failure: Throwable) {
            // The transport may have no listener yet that it could tell of its end.
            connection.onClosed(null)
            transport.close()
            throw failure
        }
    }

    private val onEnd: (ServerConnection) -> Unit = { connection ->
        connection.leavePlace()
        try {
            connections.remove(connection)
        } finally {
            checkEmpty()
        }
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
        val begin = TimeSource.Monotonic.markNow()
        val own = ownPart(coroutineContext[Job])
        // The client of an onRequest that stops the server gets 503, but onRequest goes on.
        coroutineContext[PlainHttp.OnRequestCall]?.keepRunning()
        try {
            stop(window, deadline, code, own)
        } finally {
            // The caller's own handler ends last, when nothing else has to be waited for.
            own?.let { cancel(it, deadline - begin.elapsedNow()) }
        }
    }

    /** Returns the child of the server's job that [job] is or belongs to, or null. */
    @OptIn(ExperimentalCoroutinesApi::class)
    private fun ownPart(job: Job?): Job? {
        var part = job ?: return null
        while (true) {
            val parent = part.parent ?: return null
            if (parent === supervisor) return part
            part = parent
        }
    }

    /**
     * Runs on [Dispatchers.Unconfined], whose timers are real: the clock of the caller's dispatcher
     * may be virtual, and handlers may block its threads and every loop.
     *
     * @param own the part of the server that calls this, and so cannot be waited for
     */
    private suspend fun stop(window: Duration, deadline: Duration, code: Int, own: Job?) =
        withContext(Dispatchers.Unconfined) {
            synchronized(started) { stopping.set(true) }
            supervisor.complete()
            try {
                val inTime = withTimeoutOrNull(deadline) {
                    // Not joined before the rest, since a handler may block its loop. Connections
                    // that it still accepts get 503.
                    accepting.forEach { it.cancel() }
                    closeAll(window, code)
                    checkEmpty()
                    awaitAllBut(own)
                }
                if (inTime == null) {
                    dropAllBut(own)
                    withTimeoutOrNull(GRACE) { awaitAllBut(own) }
                }
            } catch (failure: Throwable) {
                dropAllBut(own)
                throw failure
            }
        }

    private suspend fun awaitAllBut(own: Job?) {
        if (own == null) return supervisor.join()
        stoppers.add(own)
        try {
            while (true) {
                val other = supervisor.children.firstOrNull { it !in stoppers } ?: return
                other.join()
            }
        } finally {
            stoppers.remove(own)
        }
    }

    private fun dropAllBut(own: Job?) {
        connections.toList().forEach(ServerConnection::drop)
        if (own == null) return supervisor.cancel()
        supervisor.children.forEach { if (it !== own) it.cancel() }
    }

    /** Cancels [part] of the server if it has not ended when [time] has passed. */
    private fun cancel(part: Job, time: Duration) {
        if (time <= Duration.ZERO) return part.cancel()
        val timer = scope.launch(Dispatchers.Unconfined) {
            delay(time)
            part.cancel()
        }
        part.invokeOnCompletion { timer.cancel() }
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

    private companion object {
        /** The time that dropped connections and cancelled handlers have after the deadline. */
        val GRACE = 200.milliseconds
    }
}

/** The logger of the server, and of requests that were refused, each with one line at DEBUG. */
internal val serverLogger: KLogger by lazy { loggerNamed("dev.kobahn.server") }
