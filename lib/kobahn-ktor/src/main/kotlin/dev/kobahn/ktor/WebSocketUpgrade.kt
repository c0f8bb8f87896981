package dev.kobahn.ktor

import dev.kobahn.hosting.ByteStream
import dev.kobahn.hosting.ByteStreamListener
import dev.kobahn.hosting.HostedAnswer
import io.ktor.http.Headers
import io.ktor.http.HeadersBuilder
import io.ktor.http.content.OutgoingContent
import io.ktor.utils.io.ByteReadChannel
import io.ktor.utils.io.ByteWriteChannel
import io.ktor.utils.io.availableForRead
import io.ktor.utils.io.readAvailable
import io.ktor.utils.io.writeFully
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableJob
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch

/** The 101 response to which Kobahn has agreed, with the stream behind it. */
internal class WebSocketUpgrade(private val answer: HostedAnswer.Upgrade) :
    OutgoingContent.ProtocolUpgrade() {
    override val headers: Headers = HeadersBuilder().apply {
        for ((name, value) in answer.response.headers) append(name, value)
    }.build()

    override suspend fun upgrade(
        input: ByteReadChannel,
        output: ByteWriteChannel,
        engineContext: CoroutineContext,
        userContext: CoroutineContext,
    ): Job {
        val life = Job(coroutineContext[Job])
        answer.attach(ChannelStream(input, output, CoroutineScope(engineContext + life), life))
        return life
    }
}

/**
 * The two channels of an engine as a stream: a coroutine for each direction, which waits for the
 * next call. [life] is the end of the connection for the engine.
 */
internal class ChannelStream(
    private val input: ByteReadChannel,
    private val output: ByteWriteChannel,
    private val scope: CoroutineScope,
    private val life: CompletableJob,
) : ByteStream {
    private val reads = Channel<Unit>(1)

    /** One buffer at most; null asks for the end of the output. */
    private val writes = Channel<ByteBuffer?>(2)

    @Volatile
    private var isLast = false
    private lateinit var reading: Job

    override fun start(listener: ByteStreamListener) {
        reading = scope.launch { readFor(listener) }
        scope.launch { writeFor(listener) }
        life.invokeOnCompletion { listener.onClosed(it as? IOException) }
    }

    override fun read() {
        reads.trySend(Unit)
    }

    override fun write(bytes: ByteBuffer) {
        writes.trySend(bytes)
    }

    override fun endOutput(isLast: Boolean) {
        this.isLast = isLast
        writes.trySend(null)
    }

    override fun close() {
        life.cancel()
    }

    private suspend fun readFor(listener: ByteStreamListener) = telling(listener) {
        for (call in reads) {
            if (!input.awaitContent()) return@telling listener.onInputEnd()
            // An idle connection has no buffer.
            val bytes = ByteArray(input.availableForRead.coerceIn(1, MAX_READ))
            listener.onBytes(ByteBuffer.wrap(bytes, 0, input.readAvailable(bytes)))
        }
    }

    private suspend fun writeFor(listener: ByteStreamListener) = telling(listener) {
        for (bytes in writes) {
            if (bytes == null) return@telling end()
            output.writeFully(bytes)
            output.flush()
            // A channel that was cancelled without a cause takes bytes and drops them.
            if (output.isClosedForWrite) throw IOException("the engine has closed its channel")
            listener.onWritten()
        }
    }

    /**
     * Ends the output. CIO then ends the connection, once it has sent everything; Netty's engine goes
     * on until [life] has ended, and drops what it has not sent by then.
     */
    private suspend fun end() {
        output.flushAndClose()
        // Netty cannot end one direction alone: a peer that may still send has time to read.
        if (!isLast) delay(LINGER)
        while ((output as? ByteReadChannel)?.isClosedForRead == false) delay(POLLING)
        delay(SENDING)
        reading.cancel()
        life.complete()
    }

    private suspend inline fun telling(listener: ByteStreamListener, action: () -> Unit) {
        try {
            action()
        } catch (cancelled: CancellationException) {
            // The life tells of its own end. Otherwise the engine has cancelled the channel.
            if (!currentCoroutineContext().isActive) throw cancelled
            listener.onClosed(IOException("the engine has ended the connection", cancelled))
        } catch (failure: Exception) {
            listener.onClosed(failure)
        }
    }

    private companion object {
        const val MAX_READ = 64 * 1024
        val POLLING = 5.milliseconds
        val LINGER = 250.milliseconds

        /** The time in which an engine sends the last bytes that it has taken. */
        val SENDING = 50.milliseconds
    }
}
