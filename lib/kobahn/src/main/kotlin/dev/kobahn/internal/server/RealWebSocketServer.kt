package dev.kobahn.internal.server

import dev.kobahn.WebSocketServer
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.internal.connection.MemoryBudget
import dev.kobahn.internal.connection.loggedBy
import dev.kobahn.internal.transport.Acceptor
import dev.kobahn.internal.transport.Endpoint
import dev.kobahn.internal.transport.EventLoopGroup
import dev.kobahn.internal.transport.ListenSettings
import dev.kobahn.internal.transport.SocketSettings
import dev.kobahn.internal.transport.SocketTransport
import dev.kobahn.protocol.CloseCode
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger
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
 * The server: an acceptor, the connections it made, and the job that owns them all.
 *
 * The job completes when the acceptor, every connection and every handler have ended; then the
 * event loops are given back.
 */
internal class RealWebSocketServer(
    private val options: WebSocketServerOptions,
    parent: Job?,
    private val loops: EventLoopGroup = EventLoopGroup.shared,
) : WebSocketServer {
    private val supervisor = SupervisorJob(parent)
    private val scope = CoroutineScope(supervisor)
    private val connections = ServerConnections()
    private val count = AtomicInteger()
    private val started = AtomicBoolean()
    private val stopping = AtomicBoolean()

    @Volatile
    private var acceptor: Acceptor? = null

    @Volatile
    private var handlers: RunningHandlers? = null

    /** Set once, under the lock that keeps a stop from overtaking it. */
    @Volatile
    private var accepting: Job? = null

    @Volatile
    private var closingTime = Duration.ZERO
    private val empty = CompletableDeferred<Unit>()

    /** Parts of the server that wait in [stop], and so are not waited for there. */
    private val stoppers: MutableSet<Job> = ConcurrentHashMap.newKeySet()

    override val job: Job get() = supervisor

    override val port: Int
        get() = checkNotNull(acceptor) { "the server has not been started" }.port

    /** What all connections may hold together, once the server was started. */
    @Volatile
    var budget: MemoryBudget? = null
        private set

    override val connectionCount: Int get() = count.get()

    override val handlerCount: Int get() = handlers?.count ?: 0

    /** Whether [start] was called, whatever came of it. */
    val isStarted: Boolean get() = started.get()

    override suspend fun start() {
        check(started.compareAndSet(false, true)) { "the server was started before" }
        val lease = loops.acquire()
        try {
            checkNotStopped()
            options.freeze()
            val context = ServerContext(options, scope).also { handlers = it.handlers }
            budget = context.budget
            closingTime = context.routes.configs.maxOf { it.closingTime }
            lease.openAll()
            Rehearsal.once(lease)
            val made = Acceptor.bind(
                Endpoint.Tcp(options.host, options.port),
                lease,
                listenSettings(),
            ) {
                accept(it, context)
            }
            listen(made)
            logSafely { tellBudget(made, context) }
        } catch (failure: Throwable) {
            lease.release()
            supervisor.complete()
            throw failure
        }
        // Not before: it completes at once where a stop overtakes the binding, which needs the loops.
        supervisor.invokeOnCompletion { lease.release() }
    }

    private fun checkNotStopped() =
        check(supervisor.isActive && !stopping.get()) { "the server was stopped" }

    /** From here on it listens, unless it was stopped meanwhile: then the port is free again. */
    private suspend fun listen(made: Acceptor) {
        val isStopped = synchronized(started) {
            accepting = made.start(scope)
            acceptor = made
            // Cancelling the job ends the transports as well as the coroutines. It does so in any
            // thread, since handlers may hold up all of them.
            scope.launch(Dispatchers.Unconfined) { awaitEnd() }
            stopping.get() || !supervisor.isActive
        }
        if (isStopped) {
            withContext(NonCancellable) { accepting?.cancelAndJoin() }
            checkNotStopped()
        }
    }

    private fun tellBudget(acceptor: Acceptor, context: ServerContext) {
        val limit = context.budget?.limit
        val budget = if (limit == null) "no memoryBudget" else "a memoryBudget of $limit octets"
        serverLogger.info { "listening at ${acceptor.local} with $budget for all connections" }
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
        accepting?.cancel()
        connections.toList().forEach(ServerConnection::refusePending)
        checkEmpty()
        withTimeoutOrNull(closingTime) { empty.await() }
        connections.toList().forEach(ServerConnection::drop)
        empty.await()
    }

    private fun accept(transport: SocketTransport, context: ServerContext) {
        // Its loop was held up until now: nobody waits for the end of what begins here.
        if (supervisor.isCompleted) return transport.close()
        val isOutOfMemory = context.budget?.isOver == true
        val isAdmitted = !isOutOfMemory && admit()
        val connection = try {
            val logged = transport.loggedBy(context.wireLog)
            ServerConnection(logged, context, isAdmitted, onEnd)
        } catch (failure: Throwable) {
            if (isAdmitted) count.decrementAndGet()
            throw failure
        }
        connections.add(connection)
        try {
            connection.start()
            when {
                // The server may have ended before it knew of this one.
                supervisor.isCompleted -> transport.close()

                isOutOfMemory -> connection.refuse { ServerOpeningHandshake.OUT_OF_MEMORY }

                !isAdmitted -> connection.refuse {
                    "more than maxConnections (${options.maxConnections})"
                }

                stopping.get() -> connection.refuse { "the server stops" }
            }
        } catch (failure: Throwable) {
            // The transport may not know yet whom to tell of its end.
            connection.onClosed(null)
            transport.close()
            throw failure
        }
    }

    /** One that is refused takes no place, or a flood of them would keep everybody out. */
    private fun admit(): Boolean {
        val number = count.incrementAndGet()
        val isFull = options.maxConnections > 0 && number > options.maxConnections
        if (isFull) count.decrementAndGet()
        return !isFull
    }

    private val onEnd: (ServerConnection) -> Unit = { connection ->
        if (connection.isAdmitted) count.decrementAndGet()
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
        // Its client gets 503 now.
        coroutineContext[ServerOpeningHandshake.Asked]?.goOn()
        try {
            stop(window, deadline, code, own)
        } finally {
            // It is the last to be ended, by who waits for nothing any more.
            own?.let { cancel(it, deadline - begin.elapsedNow()) }
        }
    }

    /** The child of the server's job that [job] is or is part of; null if it is no part of the server. */
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
     * Not by the clock or the threads of the caller's dispatcher, nor those of a loop: the first may
     * be virtual, and handlers may hold up the others. So nothing is dispatched here, and the timers
     * are those of coroutines that have none of their own.
     *
     * @param own what is not waited for, since it waits for this
     */
    private suspend fun stop(window: Duration, deadline: Duration, code: Int, own: Job?) =
        withContext(Dispatchers.Unconfined) {
            synchronized(started) { stopping.set(true) }
            supervisor.complete()
            try {
                val inTime = withTimeoutOrNull(deadline) {
                    // Not waited for before the rest: a handler may hold up its loop. What it still
                    // accepts gets 503.
                    accepting?.cancel()
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

    /** Cancels [part] of the server in [time], if it has not ended by then. */
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
        /** How long stop waits at its deadline for what was dropped to end, which it does at once if it can. */
        val GRACE = 200.milliseconds
    }
}
