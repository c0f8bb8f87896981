package dev.kobahn.internal.java

import dev.kobahn.ConnectionClosedException
import dev.kobahn.MessageWriter
import dev.kobahn.SendOptions
import dev.kobahn.WebSocket
import dev.kobahn.java.AsyncMessageWriter
import dev.kobahn.protocol.MessageType
import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/** Queues the calls of Java for the block of a [MessageWriter], which executes them one by one. */
internal class RealAsyncMessageWriter(
    private val webSocket: WebSocket,
    private val calls: FutureCalls,
) : AsyncMessageWriter {
    private class Step(val done: DispatchedFuture<Void?>, val action: suspend Writing.() -> Unit)

    /** The progress of the block. */
    private class Writing(val message: MessageWriter) {
        var frame: MessageWriter.Frame? = null
        var ended = false
    }

    private val steps = Channel<Step>(Channel.UNLIMITED)

    @Volatile
    private var isEnding = false

    /** A future that completes when this writer may write its message. */
    val begun = DispatchedFuture<AsyncMessageWriter>(calls)

    /** Whether the message has begun and no call has ended it. */
    val isOpen: Boolean get() = begun.succeeds && !isEnding

    /** Sends the message and returns when it has ended. The futures report failures. */
    suspend fun run(type: MessageType, options: SendOptions) {
        var end: Throwable = IllegalStateException("the message has ended")
        try {
            webSocket.sendMessage(type, options) { writeAll(this) }
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
        // Without this a block that waits for the next call would not notice the end of the
        // connection.
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

    override fun write(bytes: ByteArray) = write(bytes, 0, bytes.size)

    override fun write(bytes: ByteArray, offset: Int, length: Int) = then {
        frame?.write(bytes, offset, length) ?: message.write(bytes, offset, length)
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

    override fun end(bytes: ByteArray): CompletableFuture<Void?> = then {
        checkNoFrame()
        message.end(bytes)
        ended = true
    }.also { isEnding = true }

    override fun abandon() {
        then { throw CancellationException("the message was given up") }
        isEnding = true
    }

    /** Fails a message that has not begun, because the connection will be closed. */
    fun giveUpUnlessBegun() {
        begun.fail(IllegalStateException(TOO_LATE))
    }

    private companion object {
        const val TOO_LATE = "close was called before the message could begin"
    }

    private fun Writing.checkNoFrame() =
        check(frame == null) { "a frame lacks ${frame?.remaining} bytes" }
}
