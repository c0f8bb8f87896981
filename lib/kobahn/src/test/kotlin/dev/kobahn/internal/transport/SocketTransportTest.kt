package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.TransportListener
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldMatch
import java.net.InetAddress
import java.net.ServerSocket
import java.nio.ByteBuffer
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.withContext

private val ipv4 = Endpoint.Tcp("127.0.0.1", 0)

internal class SocketTransportTest :
    FunSpec({
        val lease = EventLoopGroup("socket-test", 2).acquire()
        timeout = 30_000
        afterSpec { lease.release() }

        suspend fun pair(test: suspend (SocketTransport, SocketTransport) -> Unit) {
            val (first, second) = connectedPair(ipv4, lease)
            test(first, second)
            first.close()
            second.close()
        }

        test("the ends are named in Autobahn's form") {
            pair { first, second ->
                first.peer shouldMatch Regex("tcp4:127\\.0\\.0\\.1:\\d+")
                first.peer shouldBe second.local
                first.local shouldBe second.peer
            }
        }

        test("a half-closed peer does not keep the loop busy") {
            pair { first, second ->
                second.record()
                val recorder = first.record()
                second.shutdownOutput()
                recorder.inputEnd.await()
                val loop = first.loop
                val before = loop.step
                goRound(loop, times = 100)
                loop.step - before shouldBeLessThan 250L
            }
        }

        test("a listener that throws closes its transport and no other") {
            pair { first, second ->
                val recorder = first.record { error("on purpose") }
                second.record()
                second.send(byteArrayOf(1))
                recorder.closed.await().shouldNotBeNull().cause?.message shouldBe "on purpose"
                withContext(first.loop.dispatcher) { first.loop.isCurrent } shouldBe true
            }
        }

        test("a listener that runs out of memory forgets its input before the end") {
            pair { first, second ->
                var wasForgotten = false
                lateinit var recorder: Recorder
                recorder = first.record { throw OutOfMemoryError("on purpose") }
                recorder.closed.invokeOnCompletion {
                    wasForgotten = recorder.forgotten.isCompleted
                }
                second.record()
                first.send(ByteArray(1000))
                second.send(byteArrayOf(1))
                recorder.closed.await().shouldNotBeNull()
                wasForgotten shouldBe true
                synchronized(first.output) { first.output.size } shouldBe 0
            }
        }

        test("bytes sent between close and onClosed are discarded") {
            pair { first, second ->
                second.record()
                val recorder = first.record()
                first.onLoop {
                    first.close()
                    first.send(ByteArray(1_000))
                }
                recorder.closed.await().shouldBeNull()
                first.onLoop { synchronized(first.output) { first.output.size } } shouldBe 0L
            }
        }

        test("bytes that arrived before a failed write are delivered first") {
            pair { first, second ->
                second.record()
                val recorder = Recorder()
                second.send(byteArrayOf(1, 2))
                first.onLoop { first.start(recorder) }
                recorder.awaitBytes(2) shouldBe byteArrayOf(1, 2)
                first.onLoop {
                    // Without the transport's knowledge, so that its next write fails.
                    first.channel.shutdownOutput()
                    second.channel.write(ByteBuffer.wrap(byteArrayOf(3, 4)))
                    first.send(byteArrayOf(5))
                }
                recorder.closed.await().shouldNotBeNull()
                recorder.received shouldBe byteArrayOf(1, 2, 3, 4)
            }
        }

        test("closing after the output waits for the last byte and for nothing else") {
            pair { first, second ->
                val reader = second.record()
                val recorder = first.record()
                first.onLoop {
                    first.send(ByteArray(5_000_000))
                    first.closeAfterOutput()
                }
                recorder.closed.await().shouldBeNull()
                recorder.inputEnd.isCompleted shouldBe false
                reader.awaitBytes(5_000_000)
                reader.inputEnd.await()
                reader.closed.isCompleted shouldBe false
            }
        }

        test("closing after the output reads on if the peer still sends") {
            pair { first, second ->
                val reader = second.record()
                val recorder = Recorder()
                first.onLoop {
                    // Nothing is read before the output has ended.
                    second.channel.write(ByteBuffer.wrap(byteArrayOf(1)))
                    first.start(recorder)
                    first.send(byteArrayOf(2))
                    first.closeAfterOutput()
                }
                recorder.awaitBytes(1) shouldBe byteArrayOf(1)
                reader.inputEnd.await()
                second.send(byteArrayOf(3))
                recorder.awaitBytes(2) shouldBe byteArrayOf(1, 3)
                second.shutdownOutput()
                recorder.inputEnd.await()
                recorder.closed.await().shouldBeNull()
                reader.received shouldBe byteArrayOf(2)
            }
        }

        for (othersMayWrite in listOf(true, false)) {
            val writer = if (othersMayWrite) "another thread" else "the loop"
            test("$writer writes what another thread sends") {
                val loop = EventLoop("writing", othersMayWrite).apply { start() }
                ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { server ->
                    val transport = connect(Endpoint.Tcp("127.0.0.1", server.localPort), loop)
                    val writtenOnLoop = CompletableDeferred<Boolean>()
                    val recorder = object : TransportListener by Recorder() {
                        override fun onWritten(waiting: Long) {
                            writtenOnLoop.complete(loop.isCurrent)
                        }
                    }
                    transport.onLoop { transport.start(recorder) }
                    transport.send(byteArrayOf(1))
                    server.accept().use { it.getInputStream().read() shouldBe 1 }
                    writtenOnLoop.await() shouldBe !othersMayWrite
                    transport.close()
                }
                loop.stop()
                loop.termination.join()
            }
        }

        test("a transport is closed when its loop is stopped") {
            val own = EventLoopGroup("stopped", 1)
            val ownLease = own.acquire()
            val (first, second) = connectedPair(ipv4, ownLease)
            val recorders = listOf(first.record(), second.record())
            ownLease.release()
            own.awaitStopped()
            recorders.forEach { it.closings.get() shouldBe 1 }
            first.close()
            first.send(byteArrayOf(1))
            recorders.forEach { it.eventsAfterClose.get() shouldBe 0 }
        }
    })
