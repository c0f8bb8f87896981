package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.VirtualLoop
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.util.concurrent.ConcurrentLinkedDeque
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.RejectedExecutionException
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.Dispatchers

/** The batches of a loop. The test itself submits and checks them. */
private class Batches(val target: CoroutineDispatcher, val loop: VirtualLoop = VirtualLoop()) {
    val all = BatchingDispatchers(loop)
    private val watched = ArrayList<Batch>()

    fun add(context: CoroutineContext = EmptyCoroutineContext, block: () -> Unit) =
        all.to(target).dispatch(context, block)

    fun submit() = all.to(target).submit(watched).also { all.submit() }

    fun check() {
        watched.toList().forEach { it.checkStalled() }
        watched.removeAll { it.isOver }
    }

    val areOver: Boolean get() = watched.all { it.isOver }

    fun dissolve() = watched.forEach { it.dissolve() }
}

internal class BatchingDispatcherTest :
    FunSpec({
        timeout = 30_000

        test("one task runs the blocks of a turn in order, once they are submitted") {
            val target = KeptDispatches()
            val batches = Batches(target)
            val ran = ArrayList<Int>()
            repeat(5) { number -> batches.add { ran.add(number) } }
            target.kept.shouldBeEmpty()
            batches.submit()
            target.kept shouldHaveSize 1
            target.runNext()
            ran shouldContainExactly List(5) { it }
            batches.areOver shouldBe true
        }

        test("a block that is added while a batch runs goes into another batch") {
            val target = KeptDispatches()
            val batches = Batches(target)
            val ran = ArrayList<Int>()
            batches.add {
                batches.add { ran.add(2) }
                ran.add(1)
            }
            batches.submit()
            target.runNext()
            ran shouldContainExactly listOf(1)
            batches.submit()
            target.runNext()
            ran shouldContainExactly listOf(1, 2)
        }

        test("a batch of one block is dispatched with the context of its coroutine") {
            val target = KeptDispatches()
            val batches = Batches(target)
            batches.add(CoroutineName("alone")) {}
            batches.submit()
            target.contexts.single()[CoroutineName]?.name shouldBe "alone"
        }

        test("many blocks get several batches, in order") {
            val target = KeptDispatches()
            val batches = Batches(target)
            val ran = ArrayList<Int>()
            repeat(100) { number -> batches.add { ran.add(number) } }
            batches.submit()
            target.kept shouldHaveSize 4
            target.runAll()
            ran shouldContainExactly List(100) { it }
            batches.areOver shouldBe true
        }

        test("an action deferred twice in a row runs once, after all blocks") {
            val target = KeptDispatches()
            val batches = Batches(target)
            val done = ArrayList<String>()
            val action = Runnable { done.add("deferred") }
            repeat(2) {
                batches.add {
                    Batch.defer(action) shouldBe true
                    done.add("block")
                }
            }
            batches.submit()
            target.runNext()
            done shouldContainExactly listOf("block", "block", "deferred")
        }

        test("an action deferred by a deferred action runs too") {
            val target = KeptDispatches()
            val batches = Batches(target)
            var done = 0
            val again = Runnable { done++ }
            batches.add { Batch.defer { Batch.defer(again) } }
            batches.submit()
            target.runNext()
            done shouldBe 1
            batches.areOver shouldBe true
        }

        test("an action that was deferred before a check runs after the current block") {
            val target = KeptDispatches()
            val batches = Batches(target)
            val done = ArrayList<String>()
            batches.add {
                Batch.defer { done.add("deferred") } shouldBe true
                batches.check()
                done.add("first")
            }
            repeat(2) { batches.add { done.add("more") } }
            batches.submit()
            target.runNext()
            done shouldContainExactly listOf("first", "deferred", "more", "more")
        }

        test("the loop runs the deferred actions of a stalled batch, which defers no more") {
            val target = KeptDispatches()
            val batches = Batches(target)
            var done = 0
            batches.add {
                Batch.defer { done++ } shouldBe true
                repeat(2) { batches.check() }
                done shouldBe 0
                batches.loop.run()
                done shouldBe 1
                Batch.defer { done++ } shouldBe false
            }
            batches.submit()
            target.runNext()
            done shouldBe 1
            batches.areOver shouldBe true
        }

        test("a block that waits for the next one of its batch gets it") {
            val batches = Batches(Dispatchers.IO)
            val second = CountDownLatch(1)
            val done = CountDownLatch(1)
            batches.add {
                second.await()
                done.countDown()
            }
            batches.add { second.countDown() }
            batches.submit()
            while (!batches.areOver) {
                batches.check()
                Thread.onSpinWait()
            }
            done.await()
        }

        test("while a requested thread has not come, no other is requested") {
            val target = KeptDispatches()
            val batches = Batches(target)
            repeat(2) { batches.add {} }
            batches.submit()
            repeat(1_000) { batches.check() }
            target.kept shouldHaveSize 1
        }

        test("a stalled batch gets one more thread for each block that it starts") {
            val target = KeptDispatches()
            val batches = Batches(target)
            var ran = 0
            batches.add {
                repeat(10) { batches.check() }
                target.kept shouldHaveSize 1
                target.runNext()
                ran++
            }
            batches.add { ran++ }
            batches.submit()
            target.runNext()
            ran shouldBe 2
            batches.areOver shouldBe true
        }

        test("a target that runs tasks in place runs any number of blocks on this thread") {
            val batches = Batches(InPlace)
            val thread = Thread.currentThread()
            var ran = 0
            repeat(MANY) { batches.add { if (Thread.currentThread() === thread) ran++ } }
            batches.submit()
            ran shouldBe MANY
            batches.areOver shouldBe true
        }

        test("blocks that a target rejects run nevertheless") {
            val batches = Batches(Rejecting)
            val ran = CountDownLatch(2)
            repeat(2) { batches.add { ran.countDown() } }
            batches.submit()
            ran.await()
        }

        test("a batch that a target takes and throws for runs each block once") {
            val kept = ConcurrentLinkedDeque<Runnable>()
            val batches = Batches(TakingAndThrowing(kept::add))
            val done = CopyOnWriteArrayList<String>()
            val ended = CountDownLatch(3)
            for (name in listOf("first", "second", "third")) {
                batches.add {
                    done.add(name)
                    ended.countDown()
                }
            }
            batches.submit()
            kept.removeFirst().run()
            ended.await()
            done.sorted() shouldContainExactly listOf("first", "second", "third")
        }

        test("the batch goes on if a block fails, and if the handler of that failure fails") {
            val target = KeptDispatches()
            val batches = Batches(target)
            val failures = ArrayList<Throwable>()
            var ran = false
            batches.add { error("a block fails") }
            batches.add { ran = true }
            batches.submit()
            tellingOfFailures({ failures.add(it).also { error("so does the handler") } }) {
                target.kept.removeFirst().run()
            }
            ran shouldBe true
            failures.single().message shouldBe "a block fails"
            batches.areOver shouldBe true
        }

        test("a block that leaves its thread interrupted does not interrupt deferred actions") {
            val target = KeptDispatches()
            val batches = Batches(target)
            var isInterrupted = true
            batches.add {
                Batch.defer { isInterrupted = Thread.currentThread().isInterrupted }
                Thread.currentThread().interrupt()
            }
            batches.submit()
            target.runNext()
            isInterrupted shouldBe false
        }

        test("a thread that runs no batch defers nothing") {
            Batch.defer {} shouldBe false
        }

        test("a block that a target runs in place may add blocks behind a full batch") {
            val all = BatchingDispatchers(VirtualLoop())
            val dispatcher = all.to(InPlace)
            var ran = 0
            repeat(2 * Batch.SIZE) { number ->
                dispatcher.dispatch(EmptyCoroutineContext) {
                    ran++
                    if (number == 0) dispatcher.dispatch(EmptyCoroutineContext) { ran++ }
                }
            }
            all.submit()
            all.hasUnsubmitted shouldBe true
            all.submit()
            ran shouldBe 2 * Batch.SIZE + 1
            all.hasUnsubmitted shouldBe false
        }

        test("a stalled batch without further blocks needs no checks") {
            val target = KeptDispatches()
            val loop = VirtualLoop()
            val all = BatchingDispatchers(loop)
            all.to(target).dispatch(EmptyCoroutineContext) {
                repeat(2) {
                    all.checkStalled()
                    loop.advanceBy(BatchingDispatchers.CHECK_INTERVAL.milliseconds)
                }
                all.needsChecks shouldBe false
            }
            all.submit()
            all.needsChecks shouldBe true
            target.runNext()
        }

        test("when the loop ends, no block and no action waits for another block") {
            val target = KeptDispatches()
            val batches = Batches(target)
            var ran = 0
            batches.add {
                Batch.defer { ran++ }
                batches.dissolve()
                batches.loop.run()
                ran shouldBe 1
                target.runNext()
                ran shouldBe 2
            }
            batches.add {
                Batch.defer {} shouldBe false
                ran++
            }
            batches.submit()
            target.runNext()
            ran shouldBe 2
        }

        test("each target has one batching dispatcher, and gets its own blocks") {
            val all = BatchingDispatchers(VirtualLoop())
            val targets = List(2) { KeptDispatches() }
            all.to(targets[0]) shouldBeSameInstanceAs all.to(targets[0])
            val ran = ArrayList<Int>()
            repeat(4) { number ->
                all.to(targets[number % 2]).dispatch(EmptyCoroutineContext) { ran.add(number) }
            }
            targets.forEach { it.kept.shouldBeEmpty() }
            all.submit()
            targets.forEach { it.runAll() }
            ran shouldContainExactly listOf(0, 2, 1, 3)
        }

        test("a hundred targets are all served, and forgotten") {
            val all = BatchingDispatchers(VirtualLoop())
            val targets = List(100) { KeptDispatches() }
            var ran = 0
            targets.forEach { all.to(it).dispatch(EmptyCoroutineContext) { ran++ } }
            all.submit()
            all.hasActiveBatch shouldBe true
            targets.forEach { it.runNext() }
            ran shouldBe 100
            all.needsChecks shouldBe true
            all.checkStalled()
            all.needsChecks shouldBe false
            all.hasActiveBatch shouldBe false
        }

        test("a batch that is over serves again, with the blocks of its new turn only") {
            val all = BatchingDispatchers(VirtualLoop())
            val target = KeptDispatches()
            val ran = ArrayList<Int>()
            val tasks = ArrayList<Runnable>()
            repeat(3) { turn ->
                // As the loop does at the beginning of a turn.
                all.submit()
                repeat(Batch.SIZE) {
                    all.to(target).dispatch(EmptyCoroutineContext) { ran.add(turn) }
                }
                all.submit()
                tasks += target.kept.single()
                target.runNext()
            }
            tasks.distinct() shouldHaveSize 1
            ran shouldContainExactly List(3 * Batch.SIZE) { it / Batch.SIZE }
        }

        test("blocks from another thread, and after the end, go to the target as they are") {
            val loop = VirtualLoop()
            val all = BatchingDispatchers(loop)
            val target = KeptDispatches()
            loop.elsewhere { all.to(target).dispatch(EmptyCoroutineContext) {} }
            target.kept shouldHaveSize 1
            all.close()
            all.to(target).dispatch(EmptyCoroutineContext) {}
            target.kept shouldHaveSize 2
        }

        test("blocks that wait for the next turn when the loop ends run") {
            val all = BatchingDispatchers(VirtualLoop())
            val target = KeptDispatches()
            var ran = 0
            repeat(3) { all.to(target).dispatch(EmptyCoroutineContext) { ran++ } }
            all.close()
            target.runAll()
            ran shouldBe 3
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
