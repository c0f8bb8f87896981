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

internal class HandOverTest :
    FunSpec({
        timeout = 30_000

        test("what was added is run by one thread, in its order, once it is sent") {
            val target = KeptDispatches()
            val handOver = handOver(target)
            val ran = ArrayList<Int>()
            repeat(5) { number -> handOver.add { ran.add(number) } }
            target.kept.shouldBeEmpty()
            handOver.send()
            target.kept shouldHaveSize 1
            target.runNext()
            ran shouldContainExactly List(5) { it }
        }

        test("a thread takes what comes meanwhile") {
            val target = KeptDispatches()
            val handOver = handOver(target)
            var ran = 0
            handOver.add {
                handOver.add { ran++ }
                handOver.send()
            }
            handOver.send()
            target.runNext()
            ran shouldBe 1
            target.contexts shouldHaveSize 1
        }

        test("one alone is dispatched with the context of its coroutine") {
            val target = KeptDispatches()
            val handOver = handOver(target)
            handOver.add(CoroutineName("alone")) {}
            handOver.send()
            target.contexts.single()[CoroutineName]?.name shouldBe "alone"
        }

        test("many go to several threads") {
            val target = KeptDispatches()
            val handOver = handOver(target)
            var ran = 0
            repeat(100) { handOver.add { ran++ } }
            handOver.send()
            target.kept shouldHaveSize 4
            target.runAll()
            ran shouldBe 100
            handOver.isWatched shouldBe false
        }

        test("after its share a thread is free for others before it goes on") {
            val target = KeptDispatches()
            val handOver = handOver(target)
            var ran = 0
            handOver.add { repeat(Stint.SIZE) { handOver.add { ran++ } } }
            handOver.send()
            target.runNext()
            ran shouldBe Stint.SIZE - 1
            target.kept shouldHaveSize 1
            target.runNext()
            ran shouldBe Stint.SIZE
            handOver.isWatched shouldBe false
        }

        test("who takes its time keeps nobody waiting for long") {
            val handOver = handOver(Dispatchers.IO)
            val second = CountDownLatch(1)
            val done = CountDownLatch(1)
            handOver.add {
                second.await()
                done.countDown()
            }
            handOver.add { second.countDown() }
            handOver.send()
            while (handOver.isWatched) {
                handOver.relieve()
                Thread.onSpinWait()
            }
            done.await()
        }

        test("what waits only since the last look gets no other thread") {
            val target = KeptDispatches()
            val handOver = handOver(target)
            repeat(2) {
                handOver.add {
                    handOver.relieve()
                    handOver.add {}
                }
            }
            handOver.send()
            target.runNext()
            target.contexts shouldHaveSize 1
        }

        test("as long as there is no thread no other is asked for") {
            val target = KeptDispatches()
            val handOver = handOver(target)
            repeat(2) { handOver.add {} }
            handOver.send()
            repeat(HandOver.PATIENCE - 1) { handOver.relieve() }
            target.kept shouldHaveSize 1
            handOver.isWatched shouldBe true
        }

        test("a thread that does not come is asked for again, and does no harm if it comes late") {
            val target = KeptDispatches()
            val handOver = handOver(target)
            var ran = 0
            repeat(2) { handOver.add { ran++ } }
            handOver.send()
            repeat(HandOver.PATIENCE) { handOver.relieve() }
            target.kept shouldHaveSize 2
            // The second has twice the time: there may be no thread for long.
            repeat(2 * HandOver.PATIENCE - 1) { handOver.relieve() }
            target.kept shouldHaveSize 2
            handOver.relieve()
            target.kept shouldHaveSize 3
            val first = target.kept.removeFirst()
            target.runNext()
            ran shouldBe 2
            first.run()
            target.runNext()
            ran shouldBe 2
            handOver.isWatched shouldBe false
            handOver.add { ran++ }
            handOver.send()
            target.runNext()
            ran shouldBe 3
        }

        test("a dispatcher that runs at once what it is given runs all there is, on this thread") {
            val handOver = handOver(AtOnce)
            val thread = Thread.currentThread()
            var ran = 0
            repeat(MANY) { handOver.add { if (Thread.currentThread() === thread) ran++ } }
            handOver.send()
            ran shouldBe MANY
            handOver.isWatched shouldBe false
        }

        test("what a dispatcher refuses is run all the same") {
            val handOver = handOver(Refusing)
            val ran = CountDownLatch(2)
            repeat(2) { handOver.add { ran.countDown() } }
            handOver.send()
            ran.await()
        }

        test("who takes a stint and throws runs no second one of it") {
            val kept = ConcurrentLinkedDeque<Runnable>()
            val handOver = handOver(ThrowingOnceTaken(kept::add))
            val done = CopyOnWriteArrayList<String>()
            val ended = CountDownLatch(1)
            handOver.add {
                Stint.putOff {
                    done.add("put off")
                    ended.countDown()
                }
                kept.removeFirst().run()
                done.add("first")
            }
            handOver.add { done.add("second") }
            handOver.send()
            ended.await()
            done shouldContainExactly listOf("second", "first", "put off")
        }

        test("what was put off before who took the stint throws is done by the loop") {
            val isPutOff = CountDownLatch(1)
            val isLookedAt = CountDownLatch(1)
            val target = ThrowingOnceTaken { stint ->
                thread { stint.run() }
                isPutOff.await()
            }
            val loop = VirtualLoop()
            val handOver = handOver(target, loop)
            var done = 0
            handOver.add {
                Stint.putOff { done++ }
                isPutOff.countDown()
                isLookedAt.await()
            }
            handOver.send()
            loop.run()
            done shouldBe 1
            isLookedAt.countDown()
        }

        test("who is late and gets on again does not make a dispatcher be asked more often") {
            val target = KeptDispatches()
            val handOver = handOver(target)
            handOver.add {}
            handOver.send()
            repeat(HandOver.PATIENCE) { handOver.relieve() }
            target.kept shouldHaveSize 2
            target.runNext()
            handOver.add {}
            handOver.send()
            repeat(2 * HandOver.PATIENCE - 1) { handOver.relieve() }
            target.kept shouldHaveSize 1
        }

        test("when the loop ends nothing waits for anything else") {
            val target = KeptDispatches()
            val loop = VirtualLoop()
            val handOver = handOver(target, loop)
            var ran = 0
            handOver.add {
                Stint.putOff { ran++ }
                handOver.add {
                    Stint.putOff {} shouldBe false
                    ran++
                }
                handOver.close()
                loop.run()
                ran shouldBe 1
                target.runNext()
                ran shouldBe 2
            }
            handOver.send()
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
