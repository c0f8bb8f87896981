package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.Transport
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeMonotonicallyDecreasing
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import kotlin.random.Random
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch

/** Two joined transports, with the view on them that a test needs beyond [Transport]. */
internal interface Joined {
    val first: Transport
    val second: Transport

    /** The number of writes of [first]. */
    val writes: Int

    /** Ends [second] as if its process had been killed. */
    fun vanish()
}

/** The rules for every transport. [join] makes a new pair with small buffers between the two. */
internal abstract class TransportContract(join: suspend () -> Joined) :
    FunSpec({
        timeout = 20_000

        suspend fun pair(test: suspend Joined.() -> Unit) {
            val joined = join()
            try {
                joined.test()
            } finally {
                joined.first.close()
                joined.second.close()
            }
        }

        for (size in listOf(0, 1, 2, 125, 126, 65_535, 65_536, 65_537, 3 * 1024 * 1024 + 7)) {
            test("$size bytes arrive complete and in order when sent on the loop") {
                pair {
                    val sent = Random(size).nextBytes(size)
                    val recorder = second.record()
                    first.record()
                    first.onLoop {
                        for (piece in sent.pieces()) first.send(piece)
                        first.shutdownOutput()
                    }
                    recorder.inputEnd.await()
                    recorder.received.contentEquals(sent) shouldBe true
                    second.onLoop { second.received } shouldBe size
                }
            }

            test("$size bytes arrive complete and in order when sent from elsewhere") {
                pair {
                    val sent = Random(size).nextBytes(size)
                    val recorder = second.record()
                    first.record()
                    for (piece in sent.pieces()) first.send(piece)
                    first.shutdownOutput()
                    recorder.inputEnd.await()
                    recorder.received.contentEquals(sent) shouldBe true
                }
            }
        }

        test("bytes of threads that send at the same time are neither mixed up nor lost") {
            pair {
                val recorder = second.record()
                first.record()
                coroutineScope {
                    repeat(SENDERS) { sender ->
                        val context = if (sender == 0) first.loop.dispatcher else Dispatchers.IO
                        launch(context) {
                            for (number in 0 until RECORDS) first.send(record(sender, number))
                        }
                    }
                }
                val bytes = ByteBuffer.wrap(recorder.awaitBytes(SENDERS * RECORDS * RECORD_SIZE))
                val next = IntArray(SENDERS)
                while (bytes.hasRemaining()) {
                    val sender = bytes.getInt()
                    bytes.getInt() shouldBe next[sender]++
                }
                next.toList() shouldContainExactly List(SENDERS) { RECORDS }
            }
        }

        test("both directions carry more than fits on the way") {
            pair {
                val sent = Random(1).nextBytes(4 * 1024 * 1024)
                val recorders = listOf(first.record(), second.record())
                val senders = listOf(first, second).map { end ->
                    launch(Dispatchers.IO) { end.send(sent) }
                }
                senders.joinAll()
                for (recorder in recorders) {
                    recorder.awaitBytes(sent.size).contentEquals(sent) shouldBe true
                }
            }
        }

        test("all bytes sent during one turn of the loop leave in one write") {
            pair {
                val recorder = second.record()
                first.record()
                first.onLoop { repeat(100) { first.send(byteArrayOf(it.toByte())) } }
                recorder.awaitBytes(100) shouldBe ByteArray(100) { it.toByte() }
                writes shouldBe 1
            }
        }

        test("all answers to one read leave in one write") {
            pair {
                val recorder = second.record()
                first.record { chunk -> repeat(10) { first.send(chunk) } }
                second.send(byteArrayOf(1))
                recorder.awaitBytes(10)
                writes shouldBe 1
            }
        }

        for (onLoop in listOf(true, false)) {
            val where = if (onLoop) "on the loop" else "elsewhere"

            test("bytes set apart leave in writes of their own, in order, when sent $where") {
                pair {
                    val recorder = second.record()
                    first.record()
                    val sent = ByteArray(46) { it.toByte() }
                    fun send() {
                        synchronized(first.output) {
                            first.output.append(sent, 0, 3)
                            first.output.append(sent, 3, 40)
                            first.output.addWriteBoundary(40, 1)
                            first.output.append(sent, 43, 3)
                        }
                        first.flush()
                    }
                    if (onLoop) first.onLoop { send() } else send()
                    recorder.awaitBytes(sent.size) shouldBe sent
                    writes shouldBe 42
                }
            }
        }

        test("a receiver that pauses holds the sender back, and its output keeps the rest") {
            pair {
                val sent = Random(2).nextBytes(8 * 1024 * 1024)
                val recorder = Recorder { second.pauseReading() }
                second.onLoop { second.start(recorder) }
                val sender = first.record()
                first.onLoop { first.send(sent) }
                eventually(10.seconds) { recorder.size shouldBeGreaterThan 0 }
                goRound(first.loop, second.loop)
                val early = recorder.size
                early shouldBeLessThan sent.size / 2
                synchronized(first.output) { first.output.size } shouldBeGreaterThan
                    sent.size.toLong() / 2
                while (recorder.size < sent.size) {
                    second.onLoop { second.resumeReading() }
                    goRound(first.loop, second.loop, times = 1)
                }
                recorder.received.contentEquals(sent) shouldBe true
                sender.written.shouldBeMonotonicallyDecreasing()
                sender.written.last() shouldBe 0L
            }
        }

        test("nothing is delivered before the start and during a pause") {
            pair {
                second.onLoop { second.pauseReading() }
                val recorder = second.record()
                first.record()
                first.send(byteArrayOf(1, 2, 3))
                goRound(first.loop, second.loop)
                recorder.size shouldBe 0
                second.onLoop { second.resumeReading() }
                recorder.awaitBytes(3) shouldBe byteArrayOf(1, 2, 3)
            }
        }

        test("a half-closed transport goes on reading") {
            pair {
                val reader = first.record()
                val recorder = second.record()
                first.send(byteArrayOf(1))
                first.shutdownOutput()
                recorder.inputEnd.await()
                recorder.received shouldBe byteArrayOf(1)
                second.send(byteArrayOf(2, 3))
                reader.awaitBytes(2) shouldBe byteArrayOf(2, 3)
                second.shutdownOutput()
                reader.inputEnd.await()
            }
        }

        test("a transport closes itself when both directions have ended") {
            pair {
                val recorders = listOf(first.record(), second.record())
                first.send(byteArrayOf(1))
                first.shutdownOutput()
                recorders[1].awaitBytes(1)
                goRound(first.loop, second.loop)
                recorders.forEach { it.closings.get() shouldBe 0 }
                second.send(byteArrayOf(2, 3))
                second.shutdownOutput()
                recorders.forEach { it.closed.await() shouldBe null }
                recorders[0].received shouldBe byteArrayOf(2, 3)
                goRound(first.loop, second.loop)
                recorders.forEach { it.closings.get() shouldBe 1 }
            }
        }

        test("bytes sent before closeAfterOutput count as written, and are") {
            pair {
                val recorder = first.record()
                val peer = second.record()
                second.send(byteArrayOf(1))
                recorder.awaitBytes(1)
                val before = synchronized(first.output) { first.output.position }
                first.onLoop {
                    first.send(byteArrayOf(2, 3))
                    first.closeAfterOutput()
                }
                peer.inputEnd.await()
                second.shutdownOutput()
                recorder.closed.await() shouldBe null
                peer.received shouldBe byteArrayOf(2, 3)
                synchronized(first.output) { first.output.position } shouldBe before + 2
            }
        }

        test("an end behind bytes that paused reading comes when reading goes on") {
            pair {
                val recorder = Recorder { first.pauseReading() }
                first.onLoop { first.start(recorder) }
                second.record()
                second.onLoop {
                    second.send(byteArrayOf(1))
                    second.shutdownOutput()
                }
                recorder.awaitBytes(1)
                goRound(first.loop, second.loop)
                recorder.inputEnd.isCompleted shouldBe false
                first.onLoop { first.resumeReading() }
                recorder.inputEnd.await()
            }
        }

        test("every write is reported, with the number of bytes that still wait") {
            pair {
                val recorder = first.record()
                val peer = second.record()
                first.send(byteArrayOf(1, 2, 3))
                recorder.written shouldContainExactly listOf(0L)
                first.onLoop { first.send(byteArrayOf(4)) }
                // a turn may have all rounds before its writes
                peer.awaitBytes(4)
                goRound(first.loop)
                recorder.written shouldContainExactly listOf(0L, 0L)
            }
        }

        test("bytes sent after the end of the output are discarded") {
            pair {
                first.record()
                val recorder = second.record()
                first.shutdownOutput()
                recorder.inputEnd.await()
                first.send(byteArrayOf(1))
                first.shutdownOutput()
                goRound(first.loop, second.loop)
                recorder.size shouldBe 0
                synchronized(first.output) { first.output.size } shouldBe 0L
            }
        }

        test("close is idempotent, and onClosed comes exactly once and last") {
            pair {
                val recorder = first.record()
                second.record()
                val flood = launch(Dispatchers.IO) { repeat(200) { second.send(ByteArray(1000)) } }
                coroutineScope {
                    repeat(4) { launch(Dispatchers.IO) { first.close() } }
                    launch(first.loop.dispatcher) { first.close() }
                }
                recorder.closed.await() shouldBe null
                flood.join()
                first.close()
                goRound(first.loop, second.loop)
                recorder.closings.get() shouldBe 1
                recorder.eventsAfterClose.get() shouldBe 0
            }
        }

        test("close never calls onClosed before it returns") {
            pair {
                val recorder = first.record()
                val closings = first.onLoop {
                    first.close()
                    recorder.closings.get()
                }
                closings shouldBe 0
                recorder.closed.await() shouldBe null
            }
        }

        test("the peer sees the close after all that was written") {
            pair {
                first.record()
                val recorder = second.record()
                first.send(byteArrayOf(1, 2))
                recorder.awaitBytes(2)
                // Unread bytes, such as a ticket of TLS, would make the close a reset.
                goRound(first.loop, second.loop)
                first.close()
                recorder.inputEnd.await()
                recorder.received shouldBe byteArrayOf(1, 2)
            }
        }

        test("sending on a closed transport does nothing") {
            pair {
                val recorder = first.record()
                first.close()
                recorder.closed.await()
                first.send(ByteArray(100_000))
                first.onLoop { first.send(ByteArray(100_000)) }
                first.shutdownOutput()
                goRound(first.loop)
                recorder.eventsAfterClose.get() shouldBe 0
            }
        }

        test("a transport that is closed before its start reports that when started") {
            pair {
                first.close()
                goRound(first.loop)
                first.record().closed.await() shouldBe null
            }
        }

        test("a peer that vanishes ends the transport with a cause") {
            pair {
                val recorder = first.record()
                second.record()
                second.send(byteArrayOf(1))
                recorder.awaitBytes(1)
                vanish()
                // Some transports notice only when they write.
                first.send(byteArrayOf(1))
                recorder.closed.await().shouldNotBeNull()
                goRound(first.loop)
                recorder.closings.get() shouldBe 1
            }
        }

        test("a peer that vanishes while the output is stuck ends the transport") {
            pair {
                val recorder = first.record()
                val stuck = Recorder { second.pauseReading() }
                second.onLoop { second.start(stuck) }
                first.send(ByteArray(8 * 1024 * 1024))
                eventually(10.seconds) { stuck.size shouldBeGreaterThan 0 }
                vanish()
                recorder.closed.await().shouldNotBeNull()
                synchronized(first.output) { first.output.size } shouldBe 0L
            }
        }
    })

private const val SENDERS = 5
private const val RECORDS = 20_000
private const val RECORD_SIZE = 8

private fun record(sender: Int, number: Int): ByteArray =
    ByteBuffer.allocate(RECORD_SIZE).putInt(sender).putInt(number).array()

/** Cut at uneven places, at most some hundred pieces. */
private fun ByteArray.pieces(): List<ByteArray> {
    val random = Random(size)
    val most = maxOf(2, size / 100)
    val pieces = ArrayList<ByteArray>()
    var from = 0
    while (from < size) {
        val end = minOf(size, from + random.nextInt(1, most + 1))
        pieces.add(copyOfRange(from, end))
        from = end
    }
    return pieces
}
