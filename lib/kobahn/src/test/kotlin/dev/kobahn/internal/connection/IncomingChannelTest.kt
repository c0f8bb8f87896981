package dev.kobahn.internal.connection

import dev.kobahn.Message
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.util.Collections
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.selects.onTimeout
import kotlinx.coroutines.selects.select
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield

@OptIn(kotlinx.coroutines.ExperimentalCoroutinesApi::class)
class IncomingChannelTest :
    FunSpec({
        for ((name, way) in WAYS) {
            test("$name gets what waits, in order, and then the quiet end") {
                val incoming = incomingMessages(10_000, CountingListener())
                repeat(5) { incoming.offer(message(it)) }
                incoming.end(null)
                List(5) { way(incoming).getOrThrow().number } shouldContainExactly
                    listOf(0, 1, 2, 3, 4)
                repeat(2) {
                    val end = way(incoming)
                    end.isClosed.shouldBeTrue()
                    end.exceptionOrNull().shouldBeNull()
                }
                incoming.isClosedForReceive.shouldBeTrue()
            }

            test("$name gets what waits and then the cause of the end") {
                val incoming = incomingMessages(10_000, CountingListener())
                val cause = IOException("gone")
                incoming.offer(message(1))
                incoming.end(cause)
                way(incoming).getOrThrow().number shouldBe 1
                way(incoming).exceptionOrNull() shouldBe cause
            }

            test("$name waits for what comes, and for the end") {
                val loop = VirtualLoop()
                val incoming = incomingMessages(10_000, CountingListener())
                val received = CoroutineScope(loop.dispatcher).async {
                    listOf(way(incoming), way(incoming))
                }
                loop.step()
                incoming.offer(message(1))
                repeat(10) { loop.step() }
                incoming.end(null)
                loop.run()
                received.getCompleted().map { it.getOrNull()?.number } shouldContainExactly
                    listOf(1, null)
            }

            test("$name makes room when the bytes fall to the limit") {
                val owner = CountingListener()
                val incoming = incomingMessages(200, owner)
                incoming.offer(message(0)).shouldBeFalse()
                incoming.offer(message(1)).shouldBeFalse()
                way(incoming)
                incoming.offer(message(2)).shouldBeFalse()
                incoming.offer(message(3)).also { full -> if (!full) incoming.offer(message(4)) }
                incoming.isFull.shouldBeTrue()
                val before = owner.spaces
                way(incoming)
                // A select leaves the queue to the call that follows.
                if (incoming.isFull) way(incoming)
                incoming.isFull.shouldBeFalse()
                (owner.spaces > before).shouldBeTrue()
            }

            test("$name completes the opening handshake") {
                val owner = CountingListener()
                val incoming = incomingMessages(200, owner)
                incoming.offer(message(0))
                way(incoming)
                owner.begun shouldBe 1
            }

            test("$name, called by several at once, hands every message to one of them") {
                val incoming = incomingMessages(1_000_000, CountingListener())
                val received = Collections.synchronizedList(ArrayList<Int>())
                withContext(Dispatchers.Default) {
                    val receivers = List(4) {
                        launch {
                            while (true) received.add(way(incoming).getOrNull()?.number ?: break)
                        }
                    }
                    repeat(1000) {
                        incoming.offer(message(it))
                        if (it % 10 == 0) yield()
                    }
                    incoming.end(null)
                    receivers.joinAll()
                }
                received shouldContainExactlyInAnyOrder List(1000) { it }
            }
        }

        test("all ways, mixed at random, keep the order") {
            val incoming = incomingMessages(1_000_000, CountingListener())
            val random = kotlin.random.Random(4711)
            val received = withContext(Dispatchers.Default) {
                launch {
                    repeat(5000) {
                        incoming.offer(message(it))
                        if (random.nextInt(5) == 0) yield()
                    }
                    incoming.end(null)
                }
                buildList {
                    while (true) {
                        add(WAYS.values.random().invoke(incoming).getOrNull()?.number ?: break)
                    }
                }
            }
            received shouldContainExactly List(5000) { it }
        }

        test("a message larger than the limit is admitted, one") {
            val incoming = incomingMessages(100, CountingListener())
            incoming.offer(message(0, 5000)).shouldBeTrue()
            incoming.tryReceive().getOrThrow().size shouldBe 5000
            incoming.isFull.shouldBeFalse()
        }

        test("a message counts as 64 bytes at least") {
            val incoming = incomingMessages(640, CountingListener())
            repeat(10) { incoming.offer(Message.Text("")).shouldBeFalse() }
            incoming.offer(Message.Text("")).shouldBeTrue()
        }

        test("what comes after the end is not taken") {
            val incoming = incomingMessages(1000, CountingListener())
            incoming.end(null)
            incoming.offer(message(1)).shouldBeFalse()
            incoming.tryReceive().isClosed.shouldBeTrue()
        }

        test("only the first end counts") {
            val incoming = incomingMessages(1000, CountingListener())
            incoming.end(null)
            incoming.end(IOException("late"))
            incoming.tryReceive().exceptionOrNull().shouldBeNull()
        }

        test("cancel discards what waits and what comes, and ends receiving with a cancellation") {
            val incoming = incomingMessages(1000, CountingListener())
            select<Unit> {
                onTimeout(0.milliseconds) {}
                incoming.onReceive {}
            }
            repeat(3) { incoming.offer(message(it)) }
            incoming.cancel()
            incoming.offer(message(3)).shouldBeFalse()
            incoming.isClosedForReceive.shouldBeTrue()
            shouldThrow<CancellationException> { incoming.receive() }
            shouldThrow<CancellationException> { select { incoming.onReceive { it } } }
            incoming.receiveCatching().exceptionOrNull().shouldBeInstanceOf<CancellationException>()
        }

        test("cancel ends a receiver that waits") {
            val loop = VirtualLoop()
            val incoming = incomingMessages(1000, CountingListener())
            val waiting = CoroutineScope(loop.dispatcher).async { incoming.receiveCatching() }
            loop.run()
            incoming.cancel()
            loop.run()
            waiting.getCompleted().isClosed.shouldBeTrue()
        }

        test("the owner learns when everything was handled, not before") {
            val owner = CountingListener()
            val incoming = incomingMessages(1000, owner)
            incoming.isIdle.shouldBeTrue()
            incoming.offer(message(0))
            incoming.isIdle.shouldBeFalse()
            incoming.receive()
            incoming.isIdle.shouldBeFalse()
            incoming.isEmptied.shouldBeTrue()
            owner.idles shouldBe 0
            incoming.tryReceive()
            owner.idles shouldBe 1
            incoming.isIdle.shouldBeTrue()
        }

        test("a receiver that is cancelled when it was told of a message passes the word on") {
            val loop = VirtualLoop()
            val scope = CoroutineScope(loop.dispatcher)
            val incoming = incomingMessages(1000, CountingListener())
            val first = scope.async { incoming.receive() }
            val second = scope.async { incoming.receive() }
            loop.run()
            incoming.offer(message(0))
            first.cancel()
            loop.run()
            second.getCompleted().number shouldBe 0
        }

        test("a receiver whose coroutine is cancelled takes nothing") {
            val incoming = incomingMessages(1000, CountingListener())
            incoming.offer(message(0))
            val cancelled = CoroutineScope(
                Dispatchers.Unconfined,
            ).async(start = CoroutineStart.UNDISPATCHED) {
                coroutineContext.cancel()
                incoming.receive()
            }
            cancelled.isCancelled.shouldBeTrue()
            incoming.tryReceive().getOrThrow().number shouldBe 0
        }

        test("cancelled receivers leave nothing behind") {
            val incoming = incomingMessages(1000, CountingListener())
            val job = Job()
            repeat(100) {
                CoroutineScope(Dispatchers.Unconfined + job).launch { incoming.receive() }
                CoroutineScope(Dispatchers.Unconfined + job).launch {
                    select { incoming.onReceive {} }
                }
            }
            job.cancel()
            job.children.toList().shouldBeEmpty()
            incoming.offer(message(0))
            incoming.tryReceive().getOrThrow().number shouldBe 0
        }
    })
