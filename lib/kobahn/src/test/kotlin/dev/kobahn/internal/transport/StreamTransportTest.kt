package dev.kobahn.internal.transport

import dev.kobahn.hosting.ByteStream
import dev.kobahn.hosting.ByteStreamListener
import dev.kobahn.hosting.StreamDetails
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.withTimeout

/** A host whose events the test tells. */
private class ToldStream : ByteStream {
    lateinit var listener: ByteStreamListener
    val asked = CompletableDeferred<Unit>()

    override fun start(listener: ByteStreamListener) {
        this.listener = listener
    }

    override fun read() {
        asked.complete(Unit)
    }

    override fun write(bytes: ByteBuffer) = Unit

    override fun endOutput(isLast: Boolean) = Unit

    override fun close() = Unit
}

class StreamTransportTest :
    FunSpec({
        timeout = 20_000
        val lease = EventLoopGroup("stream-transport-test", 1).acquire()
        afterSpec { lease.release() }

        for (cause in listOf(null, IOException("on purpose"))) {
            test("bytes that came while reading was paused are not lost with the host, $cause") {
                val stream = ToldStream()
                val transport = StreamTransport(lease.next(), StreamDetails("stream:1"))
                transport.attach(stream)
                val recorder = transport.record()
                stream.asked.await()
                transport.onLoop { transport.pauseReading() }
                stream.listener.onBytes(ByteBuffer.wrap(byteArrayOf(1, 2, 3)))
                // The loop has taken them when it comes round.
                transport.onLoop { transport.heldMemory } shouldBe 3
                stream.listener.onClosed(cause)
                withTimeout(10.seconds) { recorder.closed.await() } shouldBe cause
                recorder.received shouldBe byteArrayOf(1, 2, 3)
                recorder.inputEnd.isCompleted shouldBe (cause == null)
            }
        }
    })
