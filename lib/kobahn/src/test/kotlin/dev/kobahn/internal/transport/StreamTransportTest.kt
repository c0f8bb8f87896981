package dev.kobahn.internal.transport

import dev.kobahn.hosting.ByteStream
import dev.kobahn.hosting.ByteStreamListener
import dev.kobahn.hosting.StreamDetails
import dev.kobahn.internal.connection.Connection
import dev.kobahn.internal.connection.ConnectionConfig
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.extension.expansion
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

        test("a host that gives more than one share, and is gone at once, loses no message") {
            val stream = ToldStream()
            val transport = StreamTransport(lease.next(), StreamDetails("stream:1"))
            val connection = Connection(
                transport,
                ConnectionConfig(
                    ProtocolConfig(Role.CLIENT, maxMessagePayloadSize = 1L shl 21),
                    maxIncomingQueueSize = 1L shl 30,
                    maxOutgoingQueueSize = 1L shl 20,
                    autoFragmentSize = 0,
                    failByDrop = false,
                    closeHandshakeTimeout = 10.seconds,
                    dropTimeout = 10.seconds,
                ),
                { 0 },
                handlerOnLoop = false,
            )
            transport.attach(stream)
            transport.onLoop {
                transport.start(connection)
                connection.extend(listOf(expansion()))
                connection.onOpened()
            }
            stream.asked.await()
            val close = byteArrayOf(0x88.toByte(), 2, 3, 0xE8.toByte())
            val bytes = List(3) { restoredFrame() }.reduce(ByteArray::plus) + close
            stream.listener.onBytes(ByteBuffer.wrap(bytes))
            stream.listener.onClosed(null)
            val status = withTimeout(10.seconds) { connection.awaitClosed() }
            status.remote?.code shouldBe 1000
            List(3) { connection.incoming.receive().size } shouldBe List(3) { 16 * PAYLOAD }
        }
    })

/** The length of a frame's data, of which three are more than two reads of a socket bring. */
private const val PAYLOAD = 100 * 1024

/** A message whose bytes become sixteen times as many: runs of 32. */
private fun restoredFrame(): ByteArray =
    ByteBuffer.allocate(10 + PAYLOAD).put(0xC2.toByte()).put(127).putLong(PAYLOAD.toLong())
        .put(ByteArray(PAYLOAD) { if (it % 2 == 0) 32 else 0x41 }).array()
