package dev.kobahn.internal.client

import dev.kobahn.ClientWebSocket
import dev.kobahn.TransportDetails
import dev.kobahn.WebSocketClient
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.internal.connection.Connection
import dev.kobahn.internal.connection.Loop
import dev.kobahn.internal.connection.MemoryBudget
import dev.kobahn.internal.connection.SecureMaskingKeys
import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.call
import dev.kobahn.internal.connection.details
import dev.kobahn.internal.connection.within
import dev.kobahn.internal.transport.EventLoopGroup
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.handshake.AcceptKey
import dev.kobahn.protocol.handshake.ClientHandshake
import dev.kobahn.protocol.handshake.ConnectingRequest
import dev.kobahn.protocol.handshake.WebSocketUrl
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.isActive
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/** Connects to servers, and owns the connections that were made without a block. */
internal class RealWebSocketClient(private val options: WebSocketClientOptions, parent: Job?) :
    WebSocketClient {
    private val supervisor = SupervisorJob(parent)
    private val scope = CoroutineScope(supervisor)
    private val config = options.also { it.freeze() }.connectionConfig()
    private val limits = options.headLimits
    private val extensions = options.allExtensions()
    val budget = MemoryBudget.of(options.memoryBudget, "the client")
    private val maskingKeys = SecureMaskingKeys()
    private val closed = AtomicBoolean()

    override val job: Job get() = supervisor

    override suspend fun connect(url: WebSocketUrl): ClientWebSocket {
        checkOpen()
        val webSocket = CompletableDeferred<ClientWebSocket>()
        val owner = scope.launch { own(url, webSocket) }
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
    private suspend fun own(url: WebSocketUrl, opened: CompletableDeferred<ClientWebSocket>) {
        try {
            // The client may have been closed between the launch of this coroutine and here.
            checkOpen()
            withConnection(url) { webSocket ->
                opened.complete(webSocket)
                webSocket.awaitClosed()
            }
        } catch (failure: Exception) {
            opened.completeExceptionally(failure)
        }
    }

    override suspend fun <T> connect(url: WebSocketUrl, block: suspend ClientWebSocket.() -> T): T {
        checkOpen()
        return withConnection(url, block)
    }

    /** Runs [block] with an open connection, then closes it and waits for its end. */
    private suspend fun <T> withConnection(
        url: WebSocketUrl,
        block: suspend (ClientWebSocket) -> T,
    ): T {
        val lease = EventLoopGroup.shared.acquire()
        try {
            val webSocket = open(url, lease)
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

    private suspend fun open(url: WebSocketUrl, lease: EventLoopGroup.Lease): RealClientWebSocket {
        val loop = lease.next()
        val dial = Dial(url, options, loop)
        var opening: ClientOpeningHandshake? = null
        val opened = try {
            loop.limited(options.openHandshakeTimeout) {
                val transport = dial.open()
                dial.step = Dial.Step.ASK
                val handshake = handshake(url, transport.details(isServer = false))
                dial.step = Dial.Step.HANDSHAKE
                val connection = connection(transport)
                val attempt =
                    ClientOpeningHandshake(transport, handshake, limits, dial.server, connection)
                opening = attempt
                loop.call { attempt.start() }
                RealClientWebSocket(connection, attempt.response.await())
            }
        } catch (failure: Throwable) {
            dial.close()
            throw failure
        }
        if (opened != null) return opened
        val message = "${dial.step.lack} within ${options.openHandshakeTimeout}"
        dial.log?.timeout(message)
        val failure = opening?.timedOut(message) ?: dial.timedOut(message)
        dial.failures.forEach(failure::addSuppressed)
        dial.close()
        throw failure
    }

    /** Runs [block], and returns null if it takes longer than [time]. Zero is no limit. */
    private suspend fun <T : Any> Loop.limited(time: Duration, block: suspend () -> T): T? =
        if (time > Duration.ZERO) within(time) { block() } else block()

    private fun connection(transport: Transport) =
        Connection(transport, config, maskingKeys, handlerOnLoop = false, budget = budget)

    private suspend fun handshake(url: WebSocketUrl, details: TransportDetails): ClientHandshake {
        val usual = request(url)
        return ClientHandshake(
            options.onConnecting?.invoke(usual, details) ?: usual,
            maskingKeys.bytes(AcceptKey.KEY_BYTES),
            isSecure = false,
            extensions,
            options.version,
            options.originField,
        )
    }

    /** Returns the request that the options describe. */
    private fun request(url: WebSocketUrl) = ConnectingRequest(
        host = url.host,
        port = url.port,
        resource = url.resource,
        headers = options.headers,
        userAgent = options.userAgent,
        origin = options.origin,
        subprotocols = options.subprotocols,
    )

    override suspend fun close() {
        closed.set(true)
        supervisor.complete()
        val owned = supervisor.children.toList()
        owned.forEach { it.cancel() }
        owned.joinAll()
    }
}
