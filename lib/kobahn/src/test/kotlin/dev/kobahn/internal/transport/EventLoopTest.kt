package dev.kobahn.internal.transport

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeSorted
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeGreaterThanOrEqual
import io.kotest.matchers.shouldBe
import java.io.PrintStream
import java.nio.ByteBuffer
import java.nio.channels.Pipe
import java.nio.channels.SelectionKey
import java.util.concurrent.CountDownLatch
import java.util.concurrent.CyclicBarrier
import java.util.concurrent.atomic.AtomicInteger
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield

internal class EventLoopTest :
    FunSpec({
        timeout = 30_000

        suspend fun loop(test: suspend (EventLoop) -> Unit) {
            val loop = EventLoop("loop-under-test").apply { start() }
            try {
                test(loop)
            } finally {
                loop.stop()
                loop.termination.join()
            }
        }

        test("an action for the next turn runs after ready channels are served") {
            loop { loop ->
                val pipe = Pipe.open()
                pipe.source().configureBlocking(false)
                val order = ArrayList<String>()
                val done = CompletableDeferred<Unit>()
                loop.execute {
                    loop.register(
                        pipe.source(),
                        SelectionKey.OP_READ,
                        object : ReadyHandler {
                            override lateinit var key: SelectionKey

                            override fun onReady(ops: Int) {
                                pipe.source().read(ByteBuffer.allocate(1))
                                order += "channel"
                            }

                            override fun onTurnEnd() = Unit

                            override fun onLoopStopped() = Unit
                        },
                    )
                    fun goOn(left: Int) {
                        order += "turn"
                        if (left ==
                            0
                        ) {
                            done.complete(Unit)
                        } else {
                            loop.executeNextTurn { goOn(left - 1) }
                        }
                    }
                    repeat(3) { pipe.sink().write(ByteBuffer.allocate(1)) }
                    loop.executeNextTurn { goOn(3) }
                }
                done.await()
                order shouldContainExactly
                    listOf("turn", "channel", "turn", "channel", "turn", "channel", "turn")
            }
        }

        test("tasks of one thread run in their order, and all on the loop") {
            loop { loop ->
                val ran = ArrayList<Int>()
                val done = CompletableDeferred<Unit>()
                repeat(10_000) { number ->
                    loop.execute {
                        check(loop.isCurrent)
                        ran.add(number)
                    }
                }
                loop.execute { done.complete(Unit) }
                done.await()
                ran shouldContainExactly List(10_000) { it }
                loop.isCurrent shouldBe false
            }
        }

        test("a task of the loop runs after tasks that another thread added before") {
            loop { loop ->
                val ran = ArrayList<String>()
                val done = CompletableDeferred<Unit>()
                loop.execute {
                    val added = CountDownLatch(1)
                    Dispatchers.IO.dispatch(EmptyCoroutineContext) {
                        loop.execute { ran.add("other") }
                        added.countDown()
                    }
                    added.await()
                    loop.execute { ran.add("own") }
                    loop.execute { done.complete(Unit) }
                }
                done.await()
                ran shouldContainExactly listOf("other", "own")
            }
        }

        test("the loop never sleeps while a task from another thread waits") {
            loop { loop ->
                repeat(50_000) { withContext(loop.dispatcher) { } }
                val count = AtomicInteger()
                val barrier = CyclicBarrier(4)
                val threads = List(4) {
                    launch(Dispatchers.IO) {
                        barrier.await()
                        repeat(20_000) { loop.execute { count.incrementAndGet() } }
                    }
                }
                threads.joinAll()
                withContext(loop.dispatcher) { count.get() } shouldBe 80_000
            }
        }

        test("an action for after a selection waits for the next one, wherever it was added") {
            loop { loop ->
                val pipe = Pipe.open()
                val source = pipe.source().apply { configureBlocking(false) }
                val isForgotten = CompletableDeferred<Boolean>()
                val reader = object : ReadyHandler {
                    override lateinit var key: SelectionKey

                    override fun onReady(ops: Int) {
                        key.cancel()
                        loop.executeNextTurn { isForgotten.complete(!source.isRegistered) }
                    }

                    override fun onTurnEnd() = Unit

                    override fun onLoopStopped() = Unit
                }
                loop.execute { reader.key = loop.register(source, SelectionKey.OP_READ, reader) }
                pipe.sink().use { sink ->
                    sink.write(ByteBuffer.allocate(1))
                    isForgotten.await() shouldBe true
                }
                source.close()
            }
        }

        test("a failure that cannot be logged does not end the loop") {
            loop { loop ->
                loop.execute { throw Unspeakable() }
                loop.schedule(1.milliseconds) { throw Unspeakable() }
                withContext(loop.dispatcher) { delay(5.milliseconds) }
                withContext(loop.dispatcher) { loop.isCurrent } shouldBe true
            }
        }

        test("timers never fire early, and fire in order") {
            loop { loop ->
                val delays = listOf(0.nanoseconds, 1.nanoseconds, 300.microseconds) +
                    List(40) { (it * 777).microseconds }
                val fired = ArrayList<Long>()
                val waits = delays.shuffled().map { wait ->
                    val done = CompletableDeferred<Long>()
                    val start = loop.nanoTime()
                    loop.schedule(wait) {
                        fired.add(start + wait.inWholeNanoseconds)
                        done.complete(loop.nanoTime() - start)
                    }
                    wait to done
                }
                for ((wait, done) in waits) {
                    done.await() shouldBeGreaterThanOrEqual wait.inWholeNanoseconds
                }
            }
        }

        test("timers set on the loop fire in the order of their deadlines") {
            loop { loop ->
                val fired = ArrayList<Duration>()
                // Far apart, because setting them takes time as well.
                val delays = List(50) { (it % 5 * 50).milliseconds }
                withContext(loop.dispatcher) {
                    delays.map { wait -> launch { delay(wait).also { fired.add(wait) } } }
                }
                fired.size shouldBe 50
                fired.shouldBeSorted()
            }
        }

        test("a disposed timer does not fire and leaves nothing behind") {
            loop { loop ->
                val fired = AtomicInteger()
                val timers = List(10_000) { loop.schedule(1.hours) { fired.incrementAndGet() } }
                loop.pendingTimers() shouldBe 10_000
                timers.take(5000).forEach { it.dispose() }
                loop.pendingTimers() shouldBe 5000
                withContext(loop.dispatcher) {
                    // No timer can fire while this runs, however long it takes.
                    val soon = List(100) {
                        loop.schedule(1.milliseconds) { fired.incrementAndGet() }
                    }
                    loop.waitingTimers shouldBe 5100
                    (timers + soon).forEach { it.dispose() }
                }
                loop.pendingTimers() shouldBe 0
                withContext(loop.dispatcher) { delay(5.milliseconds) }
                fired.get() shouldBe 0
            }
        }

        test("an endless delay does not overflow") {
            loop { loop ->
                val fired = AtomicInteger()
                loop.schedule(Duration.INFINITE) { fired.incrementAndGet() }
                withContext(loop.dispatcher) { delay(5.milliseconds) }
                fired.get() shouldBe 0
            }
        }

        test("delay and withTimeout stay on the loop") {
            loop { loop ->
                withContext(loop.dispatcher) {
                    delay(2.milliseconds)
                    loop.isCurrent shouldBe true
                    shouldThrow<TimeoutCancellationException> {
                        withTimeout(2.milliseconds) { awaitCancellation() }
                    }
                    loop.isCurrent shouldBe true
                    withTimeout(1.hours) { yield() }
                }
                loop.pendingTimers() shouldBe 0
            }
        }

        test("the loop survives a task that throws, whatever it throws") {
            loop { loop ->
                loop.execute { error("on purpose") }
                loop.execute { throw StackOverflowError("on purpose") }
                loop.schedule(Duration.ZERO) { throw OutOfMemoryError("on purpose") }
                withContext(loop.dispatcher) { delay(1.milliseconds) }
                withContext(loop.dispatcher) { loop.isCurrent } shouldBe true
            }
        }

        test("a task that leaves its thread interrupted closes no channel") {
            loop { loop ->
                loop.execute { Thread.currentThread().interrupt() }
                withContext(loop.dispatcher) { delay(2.milliseconds) }
                withContext(loop.dispatcher) { Thread.currentThread().isInterrupted } shouldBe false
            }
        }

        test("a coroutine that only yields stops neither timers nor other coroutines") {
            loop { loop ->
                val busy = CoroutineScope(loop.dispatcher).launch { while (true) yield() }
                withContext(loop.dispatcher) { delay(5.milliseconds) }
                busy.cancel()
                busy.join()
            }
        }

        test("stopping the loop cancels coroutines that wait on it") {
            loop { loop ->
                val waiting = CoroutineScope(loop.dispatcher).async { delay(1.hours) }
                withContext(loop.dispatcher) { }
                loop.stop()
                loop.termination.join()
                shouldThrow<CancellationException> { waiting.await() }
            }
        }

        test("a stopped loop runs tasks elsewhere, and cancels coroutines") {
            loop { loop ->
                loop.stop()
                loop.termination.join()
                val ran = CompletableDeferred<Boolean>()
                loop.execute { ran.complete(loop.isCurrent) }
                ran.await() shouldBe false
                val cancelled = CompletableDeferred<Unit>()
                CoroutineScope(loop.dispatcher).launch { delay(1.seconds) }
                    .invokeOnCompletion { cause ->
                        if (cause is CancellationException) cancelled.complete(Unit)
                    }
                cancelled.await()
                val undisturbed = CompletableDeferred<Throwable?>()
                CoroutineScope(loop.dispatcher).launch(start = CoroutineStart.UNDISPATCHED) {
                    undisturbed.complete(runCatching { delay(1.hours) }.exceptionOrNull())
                }
                (undisturbed.await() is CancellationException) shouldBe true
            }
        }
    })

private suspend fun EventLoop.pendingTimers(): Int = withContext(dispatcher) { waitingTimers }

/** Throws again when it is logged, like an error for lack of memory. */
private class Unspeakable : Error() {
    override val message: String get() = throw this

    override fun printStackTrace(stream: PrintStream): Unit = throw this
}
