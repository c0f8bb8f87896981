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

        test("one task runs all queued blocks in order, once they are submitted") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            val ran = ArrayList<Int>()
            repeat(5) { number -> dispatcher.enqueue { ran.add(number) } }
            target.kept.shouldBeEmpty()
            dispatcher.submit()
            target.kept shouldHaveSize 1
            target.runNext()
            ran shouldContainExactly List(5) { it }
        }

        test("a batch runs blocks that are queued while it runs") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            var ran = 0
            dispatcher.enqueue {
                dispatcher.enqueue { ran++ }
                dispatcher.submit()
            }
            dispatcher.submit()
            target.runNext()
            ran shouldBe 1
            target.contexts shouldHaveSize 1
        }

        test("a batch of one block is dispatched with the context of its coroutine") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            dispatcher.enqueue(CoroutineName("alone")) {}
            dispatcher.submit()
            target.contexts.single()[CoroutineName]?.name shouldBe "alone"
        }

        test("many blocks get several batches") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            var ran = 0
            repeat(100) { dispatcher.enqueue { ran++ } }
            dispatcher.submit()
            target.kept shouldHaveSize 4
            target.runAll()
            ran shouldBe 100
            dispatcher.needsChecks shouldBe false
        }

        test("a full batch ends, and another batch runs the rest") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            var ran = 0
            dispatcher.enqueue { repeat(Batch.SIZE) { dispatcher.enqueue { ran++ } } }
            dispatcher.submit()
            target.runNext()
            ran shouldBe Batch.SIZE - 1
            target.kept shouldHaveSize 1
            target.runNext()
            ran shouldBe Batch.SIZE
            dispatcher.needsChecks shouldBe false
        }

        test("a block that waits for the next one of its batch gets it") {
            val dispatcher = dispatcher(Dispatchers.IO)
            val second = CountDownLatch(1)
            val done = CountDownLatch(1)
            dispatcher.enqueue {
                second.await()
                done.countDown()
            }
            dispatcher.enqueue { second.countDown() }
            dispatcher.submit()
            while (dispatcher.needsChecks) {
                dispatcher.checkStalled()
                Thread.onSpinWait()
            }
            done.await()
        }

        test("a block queued since the previous check gets no other batch") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            repeat(2) {
                dispatcher.enqueue {
                    dispatcher.checkStalled()
                    dispatcher.enqueue {}
                }
            }
            dispatcher.submit()
            target.runNext()
            target.contexts shouldHaveSize 1
        }

        test("while a requested batch has not started, no other is requested") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            repeat(2) { dispatcher.enqueue {} }
            dispatcher.submit()
            repeat(BatchingDispatcher.STALL_LIMIT - 1) { dispatcher.checkStalled() }
            target.kept shouldHaveSize 1
            dispatcher.needsChecks shouldBe true
        }

        test("a batch that does not start is replaced, and does no harm if it starts late") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            var ran = 0
            repeat(2) { dispatcher.enqueue { ran++ } }
            dispatcher.submit()
            repeat(BatchingDispatcher.STALL_LIMIT) { dispatcher.checkStalled() }
            target.kept shouldHaveSize 2
            // The second one gets twice the time: the target may lack threads for long.
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
            dispatcher.needsChecks shouldBe false
            dispatcher.enqueue { ran++ }
            dispatcher.submit()
            target.runNext()
            ran shouldBe 3
        }

        test("a target that runs tasks in place runs any number of blocks on this thread") {
            val dispatcher = dispatcher(InPlace)
            val thread = Thread.currentThread()
            var ran = 0
            repeat(MANY) { dispatcher.enqueue { if (Thread.currentThread() === thread) ran++ } }
            dispatcher.submit()
            ran shouldBe MANY
            dispatcher.needsChecks shouldBe false
        }

        test("blocks that a target rejects run nevertheless") {
            val dispatcher = dispatcher(Rejecting)
            val ran = CountDownLatch(2)
            repeat(2) { dispatcher.enqueue { ran.countDown() } }
            dispatcher.submit()
            ran.await()
        }

        test("a batch that a target takes and throws for is replaced, and runs once") {
            val kept = ConcurrentLinkedDeque<Runnable>()
            val dispatcher = dispatcher(TakingAndThrowing(kept::add))
            val done = CopyOnWriteArrayList<String>()
            val ended = CountDownLatch(1)
            dispatcher.enqueue {
                Batch.defer {
                    done.add("deferred")
                    ended.countDown()
                }
                kept.removeFirst().run()
                done.add("first")
            }
            dispatcher.enqueue { done.add("second") }
            dispatcher.submit()
            ended.await()
            done shouldContainExactly listOf("second", "first", "deferred")
        }

        test("the loop runs the deferred actions of a batch whose dispatch throws later") {
            val hasDeferred = CountDownLatch(1)
            val isChecked = CountDownLatch(1)
            val target = TakingAndThrowing { batch ->
                thread { batch.run() }
                hasDeferred.await()
            }
            val loop = VirtualLoop()
            val dispatcher = dispatcher(target, loop)
            var done = 0
            dispatcher.enqueue {
                Batch.defer { done++ }
                hasDeferred.countDown()
                isChecked.await()
            }
            dispatcher.submit()
            loop.run()
            done shouldBe 1
            isChecked.countDown()
        }

        test("an abandoned batch that starts does not shorten the time for the next one") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            dispatcher.enqueue {}
            dispatcher.submit()
            repeat(BatchingDispatcher.STALL_LIMIT) { dispatcher.checkStalled() }
            target.kept shouldHaveSize 2
            target.runNext()
            dispatcher.enqueue {}
            dispatcher.submit()
            repeat(2 * BatchingDispatcher.STALL_LIMIT - 1) { dispatcher.checkStalled() }
            target.kept shouldHaveSize 1
        }

        test("when the loop ends, no block and no action waits for another block") {
            val target = KeptDispatches()
            val loop = VirtualLoop()
            val dispatcher = dispatcher(target, loop)
            var ran = 0
            dispatcher.enqueue {
                Batch.defer { ran++ }
                dispatcher.enqueue {
                    Batch.defer {} shouldBe false
                    ran++
                }
                dispatcher.close()
                loop.run()
                ran shouldBe 1
                target.runNext()
                ran shouldBe 2
            }
            dispatcher.submit()
            target.runNext()
            ran shouldBe 2
        }
    })

/** More nested calls than a stack can hold. */
private const val MANY = 1_000_000

private object InPlace : CoroutineDispatcher() {
    override fun dispatch(context: CoroutineContext, block: Runnable) = block.run()
}

/** Behaves like a pool that queues a task and then gets no thread for it. */
private class TakingAndThrowing(private val take: (Runnable) -> Unit) : CoroutineDispatcher() {
    override fun dispatch(context: CoroutineContext, block: Runnable) {
        take(block)
        throw OutOfMemoryError("no thread")
    }
}

private object Rejecting : CoroutineDispatcher() {
    override fun dispatch(context: CoroutineContext, block: Runnable): Unit =
        throw RejectedExecutionException("no more")
}
