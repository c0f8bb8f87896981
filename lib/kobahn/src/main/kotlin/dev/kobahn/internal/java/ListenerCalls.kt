package dev.kobahn.internal.java

import dev.kobahn.CloseStatus
import dev.kobahn.MessageReader
import dev.kobahn.WebSocket
import dev.kobahn.internal.connection.RealMessageReader
import dev.kobahn.internal.connection.connectionLogger
import dev.kobahn.java.AsyncWebSocket
import dev.kobahn.java.MessageStreamListener
import dev.kobahn.java.WebSocketListener
import dev.kobahn.protocol.CloseCode
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield

/**
 * Calls a [listener] from the opening of its connection to the end. One coroutine makes all calls,
 * so they never overlap.
 *
 * @param face the connection as the listener sees [webSocket]
 * @param place the context of all calls but `onOpen`; empty is the context of [run]
 */
internal class ListenerCalls(
    private val webSocket: WebSocket,
    private val face: AsyncWebSocket,
    private val demand: Demand,
    private val listener: WebSocketListener,
    private val place: CoroutineContext,
) {
    private val stream = listener as? MessageStreamListener
    private val incoming = if (stream == null) webSocket.incoming else webSocket.incomingStreams

    /**
     * Runs until the connection has ended and `onClose` has returned. When cancelled, it first
     * closes the connection with 1001. [opened] is called once `onOpen` has returned or thrown;
     * tasks it dispatches to [place] run before the first message is delivered.
     */
    suspend fun run(opened: (() -> Unit)? = null) {
        val code = try {
            open(opened)
            inPlace {
                if (opened != null) yield()
                deliverAll()
            }
            CloseCode.NORMAL_CLOSURE
        } catch (failure: Throwable) {
            if (coroutineContext.isActive) {
                evenIfCancelled {
                    failed(failure)
                }
            } else {
                CloseCode.GOING_AWAY
            }
        }
        evenIfCancelled { closed(webSocket.close(code)) }
        coroutineContext.ensureActive()
    }

    private suspend inline fun <T> inPlace(crossinline call: suspend () -> T): T =
        if (place === EmptyCoroutineContext) call() else withContext(place) { call() }

    private suspend inline fun <T> evenIfCancelled(crossinline call: suspend () -> T): T =
        withContext(NonCancellable) { inPlace(call) }

    private fun open(opened: (() -> Unit)?) {
        try {
            listener.onOpen(face)
            val initial = listener.initialDemand()
            require(initial >= 0) { "initialDemand is $initial, must be 0 or more" }
            if (initial > 0) demand.add(initial)
        } finally {
            opened?.invoke()
        }
    }

    private suspend fun deliverAll() = coroutineScope {
        // The coroutine that reports the end is needed only once demand runs out.
        val end = launch(start = CoroutineStart.LAZY) {
            webSocket.awaitClosed()
            demand.end()
        }
        try {
            if (stream == null) deliverWhole(end) else deliverPieces(stream, end)
        } finally {
            end.cancel()
        }
    }

    private suspend fun deliverWhole(end: Job) {
        while (isNextWanted(end, ::isWaiting)) {
            listener.onMessage(face, next(webSocket.incoming) ?: break)
        }
    }

    private suspend fun deliverPieces(stream: MessageStreamListener, end: Job) {
        val pieces = StreamCalls(face, stream) { message ->
            isNextWanted(end) { isWaiting() || hasBytes(message) }
        }
        while (true) {
            val message = next(webSocket.incomingStreams) ?: break
            if (!pieces.deliver(message)) break
        }
    }

    /**
     * Returns the next element of [channel], or null at the end, which `onClose` reports. If
     * receiving fails although the end was clean, messages are missing; the failure is thrown then.
     */
    private suspend fun <T> next(channel: ReceiveChannel<T>): T? {
        val next = channel.receiveCatching()
        val cause = next.exceptionOrNull() ?: return next.getOrNull()
        if (webSocket.awaitClosed().wasClean) throw cause
        return null
    }

    private suspend fun isNextWanted(end: Job, isWaiting: () -> Boolean): Boolean {
        if (demand.tryTake()) return true
        end.start()
        return demand.take(PATIENCE, isWaiting)
    }

    @OptIn(DelicateCoroutinesApi::class)
    private fun isWaiting() = !incoming.isClosedForReceive

    private fun hasBytes(message: MessageReader) = message is RealMessageReader && message.hasBytes

    /** Calls `onError` and returns the code to close with. */
    private fun failed(failure: Throwable): Int {
        guarded("onError") { listener.onError(face, failure) }
        return CloseCode.INTERNAL_ERROR
    }

    private fun closed(status: CloseStatus) = guarded("onClose") { listener.onClose(face, status) }

    /** Runs [call] and logs its exception, which cannot be reported to anyone else. */
    private fun guarded(name: String, call: () -> Unit) {
        try {
            call()
        } catch (failure: Exception) {
            connectionLogger.error(failure) { "$name failed for $face" }
        }
    }

    private companion object {
        /** The time that unwanted messages are kept after the end of the connection. */
        val PATIENCE = 1.minutes
    }
}
