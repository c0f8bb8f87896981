package dev.kobahn.internal.transport

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import java.util.concurrent.CountDownLatch
import java.util.concurrent.RejectedExecutionException
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.Dispatchers

internal class HandOverTest :
    FunSpec({
        timeout = 30_000

        fun HandOver.add(to: CoroutineDispatcher, block: () -> Unit) =
            add(to, EmptyCoroutineContext, block)

        test("what one dispatcher is to run arrives together, in its order") {
            val handOver = HandOver()
            val target = KeptDispatches()
            val ran = ArrayList<Int>()
            repeat(5) { number -> handOver.add(target) { ran.add(number) } }
            target.kept shouldHaveSize 0
            handOver.send()
            target.kept shouldHaveSize 1
            target.runNext()
            ran shouldContainExactly List(5) { it }
        }

        test("each dispatcher gets its own") {
            val handOver = HandOver()
            val targets = List(2) { KeptDispatches() }
            val ran = ArrayList<Int>()
            repeat(4) { number -> handOver.add(targets[number % 2]) { ran.add(number) } }
            handOver.send()
            targets.forEach { it.runAll() }
            ran shouldContainExactly listOf(0, 2, 1, 3)
        }

        test("one alone is dispatched with the context of its coroutine") {
            val handOver = HandOver()
            val target = KeptDispatches()
            handOver.add(target, CoroutineName("alone")) {}
            handOver.send()
            target.contexts.single()[CoroutineName]?.name shouldBe "alone"
            handOver.isWatched shouldBe false
        }

        test("many go to several threads") {
            val handOver = HandOver()
            val target = KeptDispatches()
            var ran = 0
            repeat(100) { handOver.add(target) { ran++ } }
            handOver.send()
            target.kept shouldHaveSize 4
            target.runAll()
            ran shouldBe 100
        }

        test("who takes its time keeps nobody waiting for long") {
            val handOver = HandOver()
            val second = CountDownLatch(1)
            val done = CountDownLatch(1)
            handOver.add(Dispatchers.IO) {
                second.await()
                done.countDown()
            }
            handOver.add(Dispatchers.IO) { second.countDown() }
            handOver.send()
            while (handOver.isWatched) {
                handOver.relieve()
                Thread.onSpinWait()
            }
            done.await()
        }

        test("a batch that gets on gets no other thread") {
            val handOver = HandOver()
            val target = KeptDispatches()
            repeat(8) {
                handOver.add(target) { handOver.relieve() }
            }
            handOver.send()
            target.runAll()
            target.contexts shouldHaveSize 1
        }

        test("as long as there is no thread no other is asked for") {
            val handOver = HandOver()
            val target = KeptDispatches()
            repeat(2) { handOver.add(target) {} }
            handOver.send()
            repeat(1_000) { handOver.relieve() }
            target.kept shouldHaveSize 1
            handOver.isWatched shouldBe true
        }

        test("what a dispatcher refuses is run all the same") {
            val handOver = HandOver()
            val ran = CountDownLatch(3)
            repeat(2) { handOver.add(Refusing) { ran.countDown() } }
            handOver.send()
            handOver.add(Refusing) { ran.countDown() }
            handOver.send()
            ran.await()
        }
    })

/** Keeps what it is to run until the test has it run. */
private class KeptDispatches : CoroutineDispatcher() {
    val kept = ArrayDeque<Runnable>()
    val contexts = ArrayList<CoroutineContext>()

    override fun dispatch(context: CoroutineContext, block: Runnable) {
        kept.add(block)
        contexts.add(context)
    }

    fun runNext() = kept.removeFirst().run()

    fun runAll() = repeat(kept.size) { runNext() }
}

private object Refusing : CoroutineDispatcher() {
    override fun dispatch(context: CoroutineContext, block: Runnable): Unit =
        throw RejectedExecutionException("no more")
}
