package dev.kobahn.internal.java

import dev.kobahn.ConnectionClosedException
import dev.kobahn.FrameWriter
import dev.kobahn.MessageWriter
import dev.kobahn.WebSocket
import dev.kobahn.java.AsyncMessageWriter
import dev.kobahn.protocol.MessageType
import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/** Hands the calls of Java on to the block of a [MessageWriter], which does them one by one. */
internal class RealAsyncMessageWriter(
    private val webSocket: WebSocket,
    private val calls: FutureCalls,
) : AsyncMessageWriter {
    private class Step(val done: DispatchedFuture<Void?>, val action: suspend Writing.() -> Unit)

    /** How far the block has come. */
    private class Writing(val message: MessageWriter) {
        var frame: FrameWriter? = null
        var ended = false
    }

    private val steps = Channel<Step>(Channel.UNLIMITED)

    @Volatile
    private var isEnding = false

    /** Completes when the message is this writer's to write. */
    val begun = DispatchedFuture<AsyncMessageWriter>(calls)

    /** Whether the message has begun, and no call was made that ends it. */
    val isOpen: Boolean get() = begun.succeeds && !isEnding

    /** Sends the message; returns when that is over. What fails is told by the futures. */
    suspend fun run(type: MessageType, doNotCompress: Boolean) {
        var end: Throwable = IllegalStateException("the message has ended")
        try {
            webSocket.sendMessage(type, doNotCompress) { writeAll(this) }
        } catch (failure: Throwable) {
            end = failure
            throw failure
        } finally {
            begun.fail(end)
            steps.close(end)
            while (true) (steps.tryReceive().getOrNull() ?: break).done.fail(end)
        }
    }

    private suspend fun writeAll(message: MessageWriter) = coroutineScope {
        // Who waits for the next call has to be told that the connection is gone.
        val watch = launch { steps.close(ConnectionClosedException(webSocket.awaitClosed())) }
        check(begun.succeed(this@RealAsyncMessageWriter)) { TOO_LATE }
        val writing = Writing(message)
        while (!writing.ended) perform(writing)
        watch.cancel()
    }

    private suspend fun perform(writing: Writing) {
        val step = steps.receive()
        try {
            step.action(writing)
        } catch (failure: Throwable) {
            step.done.fail(failure)
            throw failure
        }
        step.done.succeed(null)
    }

    private fun then(action: suspend Writing.(DispatchedFuture<Void?>) -> Unit) =
        DispatchedFuture<Void?>(calls).also { done ->
            val sent = steps.trySend(Step(done) { action(done) })
            if (sent.isClosed) done.completeExceptionally(sent.exceptionOrNull())
        }

    override fun write(octets: ByteArray) = write(octets, 0, octets.size)

    override fun write(octets: ByteArray, offset: Int, length: Int) = then {
        frame?.write(octets, offset, length) ?: message.write(octets, offset, length)
    }

    override fun write(text: String) = then {
        checkNoFrame()
        message.write(text)
    }

    override fun beginFrame(length: Long) = then { done ->
        checkNoFrame()
        message.frame(length) {
            frame = this
            done.succeed(null)
            while (remaining > 0) perform(this@then)
        }
        frame = null
    }

    override fun end() = end(ByteArray(0))

    override fun end(octets: ByteArray): CompletableFuture<Void?> = then {
        checkNoFrame()
        message.end(octets)
        ended = true
    }.also { isEnding = true }

    override fun abandon() {
        then { throw CancellationException("the message was given up") }
        isEnding = true
    }

    /** The connection is to be closed: a message that has not begun will not. */
    fun giveUpUnlessBegun() {
        begun.fail(IllegalStateException(TOO_LATE))
    }

    private companion object {
        const val TOO_LATE = "close was called before the message could begin"
    }

    private fun Writing.checkNoFrame() =
        check(frame == null) { "a frame lacks ${frame?.remaining} octets" }
}
