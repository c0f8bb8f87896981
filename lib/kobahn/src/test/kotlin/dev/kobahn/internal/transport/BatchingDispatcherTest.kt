package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.VirtualLoop
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import java.util.concurrent.ConcurrentLinkedDeque
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.RejectedExecutionException
import kotlin.concurrent.thread
import kotlin.coroutines.CoroutineContext
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.Dispatchers

internal class BatchingDispatcherTest :
    FunSpec({
        timeout = 30_000

        test("what was added is run by one thread, in its order, once it is sent") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            val ran = ArrayList<Int>()
            repeat(5) { number -> dispatcher.add { ran.add(number) } }
            target.kept.shouldBeEmpty()
            dispatcher.send()
            target.kept shouldHaveSize 1
            target.runNext()
            ran shouldContainExactly List(5) { it }
        }

        test("a thread takes what comes meanwhile") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            var ran = 0
            dispatcher.add {
                dispatcher.add { ran++ }
                dispatcher.send()
            }
            dispatcher.send()
            target.runNext()
            ran shouldBe 1
            target.contexts shouldHaveSize 1
        }

        test("one alone is dispatched with the context of its coroutine") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            dispatcher.add(CoroutineName("alone")) {}
            dispatcher.send()
            target.contexts.single()[CoroutineName]?.name shouldBe "alone"
        }

        test("many go to several threads") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            var ran = 0
            repeat(100) { dispatcher.add { ran++ } }
            dispatcher.send()
            target.kept shouldHaveSize 4
            target.runAll()
            ran shouldBe 100
            dispatcher.isWatched shouldBe false
        }

        test("after its share a thread is free for others before it goes on") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            var ran = 0
            dispatcher.add { repeat(Batch.SIZE) { dispatcher.add { ran++ } } }
            dispatcher.send()
            target.runNext()
            ran shouldBe Batch.SIZE - 1
            target.kept shouldHaveSize 1
            target.runNext()
            ran shouldBe Batch.SIZE
            dispatcher.isWatched shouldBe false
        }

        test("who takes its time keeps nobody waiting for long") {
            val dispatcher = dispatcher(Dispatchers.IO)
            val second = CountDownLatch(1)
            val done = CountDownLatch(1)
            dispatcher.add {
                second.await()
                done.countDown()
            }
            dispatcher.add { second.countDown() }
            dispatcher.send()
            while (dispatcher.isWatched) {
                dispatcher.checkStalled()
                Thread.onSpinWait()
            }
            done.await()
        }

        test("what waits only since the last look gets no other thread") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            repeat(2) {
                dispatcher.add {
                    dispatcher.checkStalled()
                    dispatcher.add {}
                }
            }
            dispatcher.send()
            target.runNext()
            target.contexts shouldHaveSize 1
        }

        test("as long as there is no thread no other is asked for") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            repeat(2) { dispatcher.add {} }
            dispatcher.send()
            repeat(BatchingDispatcher.STALL_LIMIT - 1) { dispatcher.checkStalled() }
            target.kept shouldHaveSize 1
            dispatcher.isWatched shouldBe true
        }

        test("a thread that does not come is asked for again, and does no harm if it comes late") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            var ran = 0
            repeat(2) { dispatcher.add { ran++ } }
            dispatcher.send()
            repeat(BatchingDispatcher.STALL_LIMIT) { dispatcher.checkStalled() }
            target.kept shouldHaveSize 2
            // The second has twice the time: there may be no thread for long.
            repeat(2 * BatchingDispatcher.STALL_LIMIT - 1) { dispatcher.checkStalled() }
            target.kept shouldHaveSize 2
            dispatcher.checkStalled()
            target.kept shouldHaveSize 3
            val first = target.kept.removeFirst()
            target.runNext()
            ran shouldBe 2
            first.run()
            target.runNext()
            ran shouldBe 2
            dispatcher.isWatched shouldBe false
            dispatcher.add { ran++ }
            dispatcher.send()
            target.runNext()
            ran shouldBe 3
        }

        test("a dispatcher that runs at once what it is given runs all there is, on this thread") {
            val dispatcher = dispatcher(AtOnce)
            val thread = Thread.currentThread()
            var ran = 0
            repeat(MANY) { dispatcher.add { if (Thread.currentThread() === thread) ran++ } }
            dispatcher.send()
            ran shouldBe MANY
            dispatcher.isWatched shouldBe false
        }

        test("what a dispatcher refuses is run all the same") {
            val dispatcher = dispatcher(Refusing)
            val ran = CountDownLatch(2)
            repeat(2) { dispatcher.add { ran.countDown() } }
            dispatcher.send()
            ran.await()
        }

        test("who takes a batch and throws runs no second one of it") {
            val kept = ConcurrentLinkedDeque<Runnable>()
            val dispatcher = dispatcher(ThrowingOnceTaken(kept::add))
            val done = CopyOnWriteArrayList<String>()
            val ended = CountDownLatch(1)
            dispatcher.add {
                Batch.defer {
                    done.add("put off")
                    ended.countDown()
                }
                kept.removeFirst().run()
                done.add("first")
            }
            dispatcher.add { done.add("second") }
            dispatcher.send()
            ended.await()
            done shouldContainExactly listOf("second", "first", "put off")
        }

        test("what was put off before who took the batch throws is done by the loop") {
            val isPutOff = CountDownLatch(1)
            val isLookedAt = CountDownLatch(1)
            val target = ThrowingOnceTaken { batch ->
                thread { batch.run() }
                isPutOff.await()
            }
            val loop = VirtualLoop()
            val dispatcher = dispatcher(target, loop)
            var done = 0
            dispatcher.add {
                Batch.defer { done++ }
                isPutOff.countDown()
                isLookedAt.await()
            }
            dispatcher.send()
            loop.run()
            done shouldBe 1
            isLookedAt.countDown()
        }

        test("who is late and gets on again does not make a dispatcher be asked more often") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            dispatcher.add {}
            dispatcher.send()
            repeat(BatchingDispatcher.STALL_LIMIT) { dispatcher.checkStalled() }
            target.kept shouldHaveSize 2
            target.runNext()
            dispatcher.add {}
            dispatcher.send()
            repeat(2 * BatchingDispatcher.STALL_LIMIT - 1) { dispatcher.checkStalled() }
            target.kept shouldHaveSize 1
        }

        test("when the loop ends nothing waits for anything else") {
            val target = KeptDispatches()
            val loop = VirtualLoop()
            val dispatcher = dispatcher(target, loop)
            var ran = 0
            dispatcher.add {
                Batch.defer { ran++ }
                dispatcher.add {
                    Batch.defer {} shouldBe false
                    ran++
                }
                dispatcher.close()
                loop.run()
                ran shouldBe 1
                target.runNext()
                ran shouldBe 2
            }
            dispatcher.send()
            target.runNext()
            ran shouldBe 2
        }
    })

/** Enough that a stack does not hold them all. */
private const val MANY = 1_000_000

private object AtOnce : CoroutineDispatcher() {
    override fun dispatch(context: CoroutineContext, block: Runnable) = block.run()
}

/** As a pool does that has queued its task and then gets no thread for it. */
private class ThrowingOnceTaken(private val take: (Runnable) -> Unit) : CoroutineDispatcher() {
    override fun dispatch(context: CoroutineContext, block: Runnable) {
        take(block)
        throw OutOfMemoryError("no thread")
    }
}

private object Refusing : CoroutineDispatcher() {
    override fun dispatch(context: CoroutineContext, block: Runnable): Unit =
        throw RejectedExecutionException("no more")
}
