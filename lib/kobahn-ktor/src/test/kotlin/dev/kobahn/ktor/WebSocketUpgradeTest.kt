package dev.kobahn.ktor

import dev.kobahn.hosting.ByteStreamListener
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.types.shouldBeInstanceOf
import io.ktor.utils.io.ByteChannel
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.withTimeout

/** The end that a stream tells. */
private class End : ByteStreamListener {
    private val closed = CompletableDeferred<Throwable?>()

    override fun onBytes(bytes: ByteBuffer) = Unit

    override fun onInputEnd() = Unit

    override fun onWritten() = Unit

    override fun onClosed(cause: Throwable?) {
        closed.complete(cause)
    }

    suspend fun await() = withTimeout(10.seconds) { closed.await() }
}

class WebSocketUpgradeTest :
    FunSpec({
        /** A stream of these channels, and its end. */
        fun streamOf(input: ByteChannel, output: ByteChannel): Pair<ChannelStream, End> {
            val life = Job()
            val stream =
                ChannelStream(input, output, CoroutineScope(Dispatchers.Default + life), life)
            return stream to End().also(stream::start)
        }

        val causes = mapOf(
            "a cancellation" to CancellationException("the engine stops"),
            "a failure" to IOException("reset"),
        )

        for ((name, cause) in causes) {
            test("an input that the engine cancels for $name is an unclean end") {
                val input = ByteChannel()
                val (stream, end) = streamOf(input, ByteChannel())
                stream.read()
                input.cancel(cause)
                end.await().shouldBeInstanceOf<IOException>()
                stream.close()
            }
        }

        for ((name, cause) in causes + ("no cause" to null)) {
            test("an output that the engine cancels for $name is an unclean end") {
                val output = ByteChannel()
                val (stream, end) = streamOf(ByteChannel(), output)
                // More than a channel takes.
                stream.write(ByteBuffer.allocate(8 shl 20))
                output.cancel(cause)
                end.await().shouldBeInstanceOf<IOException>()
                stream.close()
            }
        }

        test("closing the stream is no failure") {
            val (stream, end) = streamOf(ByteChannel(), ByteChannel())
            stream.read()
            stream.close()
            end.await().shouldBeNull()
        }
    })
