package dev.kobahn.internal.client

import dev.kobahn.ConnectionClosedException
import dev.kobahn.Message
import dev.kobahn.WebSocket
import dev.kobahn.internal.connection.IncomingChannel
import dev.kobahn.internal.connection.MIN_MESSAGE_COST
import kotlin.coroutines.coroutineContext
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.ClosedReceiveChannelException
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.launch

/**
 * The messages of connections one after the other, for the receivers of [channel]. While a
 * connection is open, its messages wait there and hold the peer back. When it has ended, all come
 * here, so that the next connection need not wait for a receiver.
 *
 * @param limit the bytes that may wait here before [awaitRoom] suspends
 */
internal class ReceivedMessages(limit: Long) {
    private val messages = IncomingChannel<Message>(limit, Receivers()) {
        maxOf(it.size.toLong(), MIN_MESSAGE_COST)
    }

    /** Tells that a receiver has taken a message, or that the connection has ended. */
    private val changed = Channel<Unit>(Channel.CONFLATED)

    val channel: ReceiveChannel<Message> get() = messages

    /**
     * Takes the messages of [webSocket] until there are no more: one ahead of the receiver, and all
     * once the connection has ended. One caller at a time.
     */
    suspend fun takeFrom(webSocket: WebSocket) = coroutineScope {
        val watching = launch(start = CoroutineStart.UNDISPATCHED) {
            webSocket.awaitClosed()
            changed.trySend(Unit)
        }
        try {
            takeAll(webSocket)
        } catch (_: ConnectionClosedException) {
            // The messages were received before. The close status tells the rest.
        } finally {
            watching.cancel()
        }
    }

    private suspend fun takeAll(webSocket: WebSocket) {
        try {
            for (message in webSocket.incoming) {
                messages.offer(message)
                while (!messages.isEmptied && webSocket.closeStatus == null) changed.receive()
                // Receivers have cancelled the channel: the application only sends from now on.
                if (messages.isDiscarding) webSocket.incoming.cancel()
            }
        } catch (_: CancellationException) {
            coroutineContext.ensureActive()
        }
    }

    /** Suspends while more messages wait than the limit allows. Not during [takeFrom]. */
    suspend fun awaitRoom() {
        while (messages.isFull) changed.receive()
    }

    /** No more come: receivers get those that wait, unless it [discards] them, and then [cause]. */
    fun end(cause: Throwable?, discards: Boolean) {
        if (discards) messages.discard()
        messages.end(cause)
    }

    private inner class Receivers : IncomingChannel.Listener {
        override val dispatcher: CoroutineDispatcher? get() = null

        override fun resumesOnCancellation(job: Job) = false

        override fun closedException() = ClosedReceiveChannelException("the connection was closed")

        override fun onReceive() = Unit

        override fun onFull() = Unit

        override fun onSpace() {
            changed.trySend(Unit)
        }

        override fun onTaken() {
            changed.trySend(Unit)
        }

        // After `select` only the next call of a receiver tells that a message was taken.
        override fun onIdle() {
            changed.trySend(Unit)
        }
    }
}
