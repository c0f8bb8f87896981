package dev.kobahn.internal.connection

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation

private fun <T> begin(block: suspend CoroutineScope.() -> T): Deferred<T> =
    CoroutineScope(SupervisorJob() + Dispatchers.Unconfined).async(block = block)

@OptIn(ExperimentalCoroutinesApi::class)
class LoopTest :
    FunSpec({
        test("within returns the result of a block that ends in time, and leaves no timer") {
            val loop = VirtualLoop()
            begin { loop.within(1.seconds) { 42 } }.getCompleted() shouldBe 42
            loop.pendingTimers shouldBe 0
        }

        test("within cancels a block at its time, not before, and returns null") {
            val loop = VirtualLoop()
            var end: Throwable? = null
            val waiting = begin {
                loop.within(1.seconds) {
                    try {
                        awaitCancellation()
                    } catch (cancelled: CancellationException) {
                        end = cancelled
                        throw cancelled
                    }
                }
            }
            loop.advanceBy(999.milliseconds)
            waiting.isCompleted shouldBe false
            end shouldBe null
            loop.advanceBy(1.milliseconds)
            waiting.getCompleted() shouldBe null
            end.shouldBeInstanceOf<CancellationException>()
        }

        test("cancelling the caller cancels the block, and leaves no timer") {
            val loop = VirtualLoop()
            val waiting = begin { loop.within(1.seconds) { awaitCancellation() } }
            waiting.cancel()
            waiting.isCancelled shouldBe true
            loop.pendingTimers shouldBe 0
        }

        test("within throws the exception of a block that fails, before its time and after") {
            val loop = VirtualLoop()
            val early = begin { loop.within(1.seconds) { throw IOException("early") } }
            shouldThrow<IOException> { early.await() }.message shouldBe "early"
            val late = begin {
                loop.within(1.seconds) {
                    try {
                        awaitCancellation()
                    } finally {
                        throw IOException("late")
                    }
                }
            }
            loop.advanceBy(1.seconds)
            shouldThrow<IOException> { late.await() }.message shouldBe "late"
        }

        test("of two nested timeouts the shorter one ends only its own block") {
            val loop = VirtualLoop()
            val outer = begin {
                loop.within(1.seconds) {
                    loop.within(2.seconds) { awaitCancellation() }
                    "went on"
                }
            }
            val inner = begin {
                loop.within(3.seconds) {
                    loop.within(2.seconds) { awaitCancellation() }
                    "went on"
                }
            }
            loop.advanceBy(2.seconds)
            outer.getCompleted() shouldBe null
            inner.getCompleted() shouldBe "went on"
        }
    })
