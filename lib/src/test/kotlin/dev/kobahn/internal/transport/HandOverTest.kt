package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.VirtualLoop
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
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

        fun handOver(target: CoroutineDispatcher) = HandOvers(VirtualLoop()).to(target)

        fun HandOver.add(block: () -> Unit) = add(EmptyCoroutineContext, block)

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
            repeat(1_000) { handOver.relieve() }
            target.kept shouldHaveSize 1
            handOver.isWatched shouldBe true
        }

        test("what is put off is done at the end, once if it is the same") {
            val target = KeptDispatches()
            val handOver = handOver(target)
            val done = ArrayList<String>()
            val putOff = Runnable { done.add("put off") }
            repeat(2) {
                handOver.add {
                    Stint.putOff(putOff) shouldBe true
                    done.add("block")
                }
            }
            handOver.send()
            target.runNext()
            done shouldContainExactly listOf("block", "block", "put off")
        }

        test(
            "what a thread put off that does not get on is done by the loop, and nothing more is put off",
        ) {
            val target = KeptDispatches()
            val handOver = handOver(target)
            var done = 0
            handOver.add {
                Stint.putOff { done++ } shouldBe true
                repeat(2) { handOver.relieve() }
                done shouldBe 1
                Stint.putOff { done++ } shouldBe false
                handOver.isWatched shouldBe false
            }
            handOver.send()
            target.runNext()
            done shouldBe 1
        }

        test("what is put off by what was put off is done too") {
            val target = KeptDispatches()
            val handOver = handOver(target)
            var done = 0
            val again = Runnable { done++ }
            handOver.add { Stint.putOff { Stint.putOff(again) } }
            handOver.send()
            target.runNext()
            done shouldBe 1
            handOver.isWatched shouldBe false
        }

        test("a block that leaves its thread interrupted interrupts nothing that was put off") {
            val target = KeptDispatches()
            val handOver = handOver(target)
            var isInterrupted = true
            handOver.add {
                Stint.putOff { isInterrupted = Thread.currentThread().isInterrupted }
                Thread.currentThread().interrupt()
            }
            handOver.send()
            target.runNext()
            isInterrupted shouldBe false
        }

        test("a thread that does something else puts nothing off") {
            Stint.putOff {} shouldBe false
        }

        test("a block that fails keeps nothing from being done") {
            val target = KeptDispatches()
            val handOver = handOver(target)
            val thread = Thread.currentThread()
            val handler = thread.uncaughtExceptionHandler
            val failures = ArrayList<Throwable>()
            var ran = false
            handOver.add { error("a block fails") }
            handOver.add { ran = true }
            handOver.send()
            try {
                thread.setUncaughtExceptionHandler { _, failure -> failures.add(failure) }
                target.runNext()
            } finally {
                thread.uncaughtExceptionHandler = handler
            }
            ran shouldBe true
            failures.single().message shouldBe "a block fails"
            handOver.isWatched shouldBe false
        }

        test("what a dispatcher refuses is run all the same") {
            val handOver = handOver(Refusing)
            val ran = CountDownLatch(2)
            repeat(2) { handOver.add { ran.countDown() } }
            handOver.send()
            ran.await()
        }

        test("when the loop ends nothing waits for anything else") {
            val target = KeptDispatches()
            val handOver = handOver(target)
            var ran = 0
            handOver.add {
                Stint.putOff { ran++ }
                handOver.add { ran++ }
                handOver.close()
                ran shouldBe 1
                target.runNext()
                ran shouldBe 2
            }
            handOver.send()
            target.runNext()
            ran shouldBe 2
        }
    })

private object Refusing : CoroutineDispatcher() {
    override fun dispatch(context: CoroutineContext, block: Runnable): Unit =
        throw RejectedExecutionException("no more")
}
