package dev.kobahn.internal.client

import dev.kobahn.ClientWebSocket
import dev.kobahn.Message
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.protocol.CloseCode
import dev.kobahn.reconnect.ReconnectOptions
import dev.kobahn.reconnect.ReconnectState
import dev.kobahn.reconnect.ReconnectingWebSocket
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.UnconfinedTestDispatcher
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

internal val Message.text get() = (this as Message.Text).text

/** Receives [count] messages, which have come. */
internal suspend fun ReconnectingWebSocket.receive(count: Int) =
    List(count) { withTimeout(1.seconds) { incoming.receive() }.text }

/**
 * A WebSocket that reconnects in memory and in virtual time: a second after each failure, always.
 *
 * @param dial is called with the number of each attempt, before that has a connection
 */
@OptIn(ExperimentalCoroutinesApi::class)
internal class ReconnectingRig(
    private val test: TestScope,
    scope: CoroutineScope = test.backgroundScope,
    private val dial: suspend (Int) -> Unit = {},
    maxIncomingQueueSize: Long = 1000,
    configure: ReconnectOptions.() -> Unit = {},
    onOpen: suspend ClientWebSocket.() -> Unit = {},
) {
    private val options = WebSocketClientOptions().apply {
        this.maxIncomingQueueSize = maxIncomingQueueSize
        reconnect {
            backoff = exponential(1.seconds, 1.seconds, jitter = 0.0)
            configure()
        }
    }

    val connections = ArrayList<MemoryConnection>()
    var attempts = 0
        private set

    val webSocket: ReconnectingWebSocket =
        RealReconnectingWebSocket(scope, ReconnectConfig(options), ::connect, onOpen)

    val state: ReconnectState get() = webSocket.state.value

    /** The states in order. */
    val states = ArrayList<ReconnectState>()

    init {
        test.backgroundScope.launch(UnconfinedTestDispatcher(test.testScheduler)) {
            webSocket.state.collect(states::add)
        }
        settle()
    }

    private suspend fun connect(block: suspend (ClientWebSocket) -> Unit) {
        dial(++attempts)
        val connection = MemoryConnection().also(connections::add)
        try {
            block(connection.webSocket)
        } catch (failure: Throwable) {
            val code =
                if (coroutineContext.isActive) CloseCode.INTERNAL_ERROR else CloseCode.GOING_AWAY
            withContext(NonCancellable) { connection.webSocket.close(code) }
            throw failure
        }
        withContext(NonCancellable) { connection.webSocket.close(CloseCode.NORMAL_CLOSURE) }
    }

    /** Runs what can be run now. */
    fun settle() = repeat(ROUNDS) {
        test.runCurrent()
        connections.forEach { it.run() }
    }

    /** Lets [time] pass, but not for connections. */
    fun pass(time: Duration) {
        test.advanceTimeBy(time)
        settle()
    }

    /** The last connection is lost. */
    fun lose() {
        connections.last().lose()
        settle()
    }

    /** The server sends [texts] on the last connection. */
    fun receive(vararg texts: String) {
        connections.last().receive(*texts)
        settle()
    }

    /** The server closes the last connection, or answers a Close. */
    fun serverCloses(code: Int) {
        connections.last().serverCloses(code)
        settle()
    }

    private companion object {
        /** More than any step of a test takes. */
        const val ROUNDS = 20
    }
}
