package dev.kobahn

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import java.net.InetSocketAddress
import java.nio.ByteBuffer
import java.nio.channels.SelectionKey
import java.nio.channels.Selector
import java.nio.channels.SocketChannel
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

private const val SIZE = 64 * 1024
private const val MESSAGES = 1000
private const val QUEUE = 256L * 1024

/** More than the kernel's buffers of both ends hold, far less than all the messages. */
private const val BOUND = 32L * 1024 * 1024
private const val STALLED_MILLIS = 500L

class BackPressureTest :
    FunSpec({
        test("a handler that never reads stops the peer, and nothing is lost when it goes on") {
            val go = CompletableDeferred<Unit>()
            val received = CompletableDeferred<Int>()
            webSocketServer {
                maxIncomingQueueSize = QUEUE
                onConnect {
                    accept()
                    go.await()
                    var count = 0
                    for (message in incoming) count += message.size / SIZE
                    received.complete(count)
                }
            }.use { server ->
                SocketChannel.open(InetSocketAddress("localhost", server.port)).use { channel ->
                    val pushed = push(channel)
                    pushed shouldBeLessThan BOUND
                    go.complete(Unit)
                    withContext(Dispatchers.IO) { pushRest(channel, pushed) }
                    withTimeout(20.seconds) { received.await() } shouldBe MESSAGES
                }
            }
        }

        test("a peer that never reads suspends send, and the others are not affected") {
            val sent = AtomicLong()
            val most = AtomicLong()
            val finished = CompletableDeferred<Unit>()
            webSocketServer {
                maxOutgoingQueueSize = QUEUE
                route("/flood") {
                    onConnect {
                        repeat(MESSAGES) {
                            send(ByteArray(SIZE))
                            sent.incrementAndGet()
                            most.accumulateAndGet(bufferedAmount, ::maxOf)
                        }
                        finished.complete(Unit)
                    }
                }
                route("/echo") { onConnect { for (message in incoming) send(message) } }
            }.use { server ->
                RawPeer(server.port).use { deaf ->
                    deaf.handshake("/flood")
                    webSocketClient().connect("ws://localhost:${server.port}/echo") {
                        repeat(500) {
                            send("$it")
                            incoming.receive() shouldBe Message.Text("$it")
                        }
                    }
                    finished.isCompleted.shouldBeFalse()
                    sent.get() * SIZE shouldBeLessThan BOUND
                    val reading = async(Dispatchers.IO) { List(MESSAGES + 1) { deaf.readFrame() } }
                    withTimeout(20.seconds) { reading.await() }.last() shouldBe "close 1000"
                    finished.isCompleted shouldBe true
                    most.get() shouldBeLessThanOrEqual QUEUE + SIZE + 10
                }
            }
        }
    })

private val FRAME = RawPeer.masked(0x82, ByteArray(SIZE))

/** Sends until the other end takes no more for a while; returns how many bytes of frames it took. */
private fun push(channel: SocketChannel): Long {
    val peer = RawPeer(channel.socket())
    peer.handshake()
    channel.configureBlocking(false)
    var pushed = 0L
    Selector.open().use { selector ->
        val key = channel.register(selector, SelectionKey.OP_WRITE)
        while (pushed < BOUND && selector.select(STALLED_MILLIS) > 0) {
            selector.selectedKeys().clear()
            pushed += channel.write(rest(pushed))
        }
        key.cancel()
        selector.selectNow()
    }
    channel.configureBlocking(true)
    return pushed
}

/** What is left of the frame that stands at [position] of the stream. */
private fun rest(position: Long): ByteBuffer {
    val start = (position % FRAME.size).toInt()
    return ByteBuffer.wrap(FRAME, start, FRAME.size - start)
}

private fun pushRest(channel: SocketChannel, pushed: Long) {
    var position = pushed
    while (position < FRAME.size.toLong() * MESSAGES) position += channel.write(rest(position))
    channel.write(ByteBuffer.wrap(RawPeer.CLOSE))
}
