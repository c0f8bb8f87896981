package dev.kobahn.internal.client

import dev.kobahn.ClientWebSocket
import dev.kobahn.ConnectionClosedException
import dev.kobahn.TransportDetails
import dev.kobahn.WebSocketClient
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.WebSocketState
import dev.kobahn.internal.connection.MemoryBudget
import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.transport.EventLoop
import dev.kobahn.internal.transport.EventLoopGroup
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.handshake.ClientHandshake
import dev.kobahn.protocol.handshake.ResponseHead
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.reconnect.Healing
import dev.kobahn.reconnect.ReconnectingWebSocket
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.coroutines.coroutineContext
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.isActive
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/** Opens a connection on a loop. */
internal typealias Way = suspend (loop: EventLoop) -> RealClientWebSocket

/** Connects to servers, and owns the connections that were made without a block. */
internal class RealWebSocketClient(private val options: WebSocketClientOptions, parent: Job?) :
    WebSocketClient {
    private val supervisor = SupervisorJob(parent)
    private val scope = CoroutineScope(supervisor)
    private val context = ClientContext(options)
    val budget: MemoryBudget? get() = context.budget
    val reconnectConfig = ReconnectConfig(options)
    private val closed = AtomicBoolean()

    override val job: Job get() = supervisor

    override suspend fun connect(url: WebSocketUrl): ClientWebSocket = connect(dialling(url))

    private fun dialling(url: WebSocketUrl): Way = { loop -> Opening(context, url, loop).open() }

    /** Like `connect(url)`, but opens the connection the given [way]. */
    suspend fun connect(way: Way): ClientWebSocket {
        checkOpen()
        val webSocket = CompletableDeferred<ClientWebSocket>()
        val owner = scope.launch { own(way, webSocket) }
        // If the client was closed before, own() does not run and completes nothing.
        owner.invokeOnCompletion {
            webSocket.completeExceptionally(it ?: CancellationException("closed"))
        }
        try {
            return webSocket.await()
        } catch (failure: Throwable) {
            withContext(NonCancellable) { owner.cancelAndJoin() }
            // Not the caller was cancelled, but the client, or a callback by its own time limit.
            if (failure is CancellationException && coroutineContext.isActive) checkOpen()
            throw failure
        }
    }

    private fun checkOpen() {
        if (closed.get() || !supervisor.isActive) throw closed()
    }

    private fun closed() = IllegalStateException("the client was closed")

    /** Opens a connection that was asked for without a block, and waits for its end. */
    private suspend fun own(way: Way, opened: CompletableDeferred<ClientWebSocket>) {
        try {
            // The client may have been closed between the launch of this coroutine and here.
            checkOpen()
            withConnection(way) { webSocket ->
                opened.complete(webSocket)
                webSocket.awaitClosed()
            }
        } catch (failure: Exception) {
            opened.completeExceptionally(failure)
        }
    }

    override suspend fun <T> connect(url: WebSocketUrl, block: suspend ClientWebSocket.() -> T): T =
        connect(dialling(url), block)

    /** Like `connect(url, block)`, but opens the connection the given [way]. */
    suspend fun <T> connect(way: Way, block: suspend ClientWebSocket.() -> T): T {
        checkOpen()
        return withConnection(way, block)
    }

    /** Returns the handshake with the server at [url], for another client to make. */
    suspend fun handshake(url: WebSocketUrl, details: TransportDetails): ClientHandshake {
        checkOpen()
        val lease = EventLoopGroup.shared.acquire()
        try {
            return Opening(context, url, lease.next()).handshake(details)
        } finally {
            lease.release()
        }
    }

    /** Returns the way over the transport that [transport] makes, which another client has opened. */
    fun over(
        url: WebSocketUrl,
        prepared: ClientHandshake? = null,
        response: ResponseHead? = null,
        transport: (EventLoop) -> Transport,
    ): Way = { loop -> Opening(context, url, loop).openOver(transport(loop), prepared, response) }

    /** Runs [block] with an open connection, then closes it and waits for its end. */
    private suspend fun <T> withConnection(way: Way, block: suspend (ClientWebSocket) -> T): T {
        val lease = EventLoopGroup.shared.acquire()
        try {
            val webSocket = way(lease.next())
            val result = try {
                greet(webSocket)
                block(webSocket)
            } catch (failure: Throwable) {
                val isFailure = coroutineContext.isActive
                val code = if (isFailure) CloseCode.INTERNAL_ERROR else CloseCode.GOING_AWAY
                withContext(NonCancellable) { webSocket.close(code) }
                throw failure
            }
            withContext(NonCancellable) {
                webSocket.connection.closeDelivering(CloseCode.NORMAL_CLOSURE)
            }
            return result
        } finally {
            lease.release()
        }
    }

    /**
     * Calls `onConnect` with the server's response. If it throws, the application rejects the
     * connection, which is no error of the connection: it closes with 1000.
     */
    private suspend fun greet(webSocket: ClientWebSocket) {
        try {
            options.onConnect?.invoke(webSocket.response)
        } catch (failure: Throwable) {
            if (!coroutineContext.isActive) throw failure
            withContext(NonCancellable) { reject(webSocket, failure) }
            throw failure
        }
    }

    private suspend fun reject(webSocket: ClientWebSocket, failure: Throwable) {
        if (options.failByDrop) {
            webSocket.drop()
            webSocket.awaitClosed()
        } else {
            webSocket.close(CloseCode.NORMAL_CLOSURE, failure.message.orEmpty())
        }
    }

    override suspend fun <T> keepConnected(
        url: suspend () -> WebSocketUrl,
        block: suspend ClientWebSocket.() -> T,
    ): T = RetryLoop(reconnectConfig.rules).run { opened ->
        connectOnce(url()) {
            opened()
            block()
        }
    }.getOrThrow()

    /**
     * Connects as `connect(url, block)` does. Returns the result or the failure of a [block] that
     * must not run again; throws a failure after which it may.
     */
    private suspend fun <T> connectOnce(
        url: WebSocketUrl,
        block: suspend ClientWebSocket.() -> T,
    ): Result<T> {
        var outcome: Result<T>? = null
        try {
            connect(url) { outcome = finalOutcome(block) }
        } catch (failure: ConnectionClosedException) {
            // Without this the block would run again, because its last messages were not taken.
            if (outcome == null) throw failure
        }
        return checkNotNull(outcome)
    }

    private suspend fun <T> ClientWebSocket.finalOutcome(
        block: suspend ClientWebSocket.() -> T,
    ): Result<T> {
        val result = try {
            block()
        } catch (failure: Exception) {
            coroutineContext.ensureActive()
            if (isClosedHere) return Result.failure(failure)
            throw failure
        }
        checkOnPurpose()
        return Result.success(result)
    }

    /** Throws if this connection has ended for a reason that passes, and not by the application. */
    private suspend fun ClientWebSocket.checkOnPurpose() {
        if (state == WebSocketState.OPEN) return
        val failure = ConnectionClosedException(awaitClosed())
        val isByUs = isClosedHere || isDroppedHere
        if (!isByUs && Healing.isPossible(failure)) throw failure
    }

    override fun reconnecting(
        scope: CoroutineScope,
        url: suspend () -> WebSocketUrl,
        onOpen: suspend ClientWebSocket.() -> Unit,
    ): ReconnectingWebSocket =
        RealReconnectingWebSocket(scope, reconnectConfig, { connect(url(), it) }, onOpen)

    override suspend fun close() {
        closed.set(true)
        supervisor.complete()
        val owned = supervisor.children.toList()
        owned.forEach { it.cancel() }
        owned.joinAll()
    }
}
