package dev.kobahn.internal.connection

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull

internal class VirtualLoopTest :
    FunSpec({
        test("tasks run in order, and only when the loop is run") {
            val loop = VirtualLoop()
            val ran = ArrayList<Int>()
            loop.execute {
                ran.add(1)
                loop.execute { ran.add(3) }
            }
            loop.execute { ran.add(2) }
            ran shouldBe emptyList()
            loop.run()
            ran shouldContainExactly listOf(1, 2, 3)
        }

        test("timers run at their time and in their order") {
            val loop = VirtualLoop()
            val ran = ArrayList<Pair<Int, Long>>()
            for (number in listOf(3, 1, 2)) {
                loop.schedule(number.seconds) { ran.add(number to loop.nanoTime()) }
            }
            loop.schedule(2.seconds) { ran.add(9 to loop.nanoTime()) }
            loop.advanceBy(1999.milliseconds)
            ran.map { it.first } shouldContainExactly listOf(1)
            loop.advanceBy(10.seconds)
            ran.map { it.first } shouldContainExactly listOf(1, 2, 9, 3)
            ran.map { it.second / 1_000_000_000 } shouldContainExactly listOf(1L, 2L, 2L, 3L)
        }

        test("a disposed timer does not run") {
            val loop = VirtualLoop()
            val ran = ArrayList<Int>()
            loop.schedule(1.seconds) { ran.add(1) }.dispose()
            loop.pendingTimers shouldBe 0
            loop.advanceBy(2.seconds)
            ran shouldBe emptyList()
        }

        test("coroutines wait in virtual time") {
            val loop = VirtualLoop()
            val ran = ArrayList<String>()
            CoroutineScope(loop.dispatcher).launch {
                delay(3.seconds)
                ran.add("delayed")
                ran.add("${withTimeoutOrNull(1.seconds) { delay(5.seconds) }}")
            }
            loop.advanceBy(3.seconds)
            ran shouldContainExactly listOf("delayed")
            loop.advanceBy(1.seconds)
            ran shouldContainExactly listOf("delayed", "null")
        }

        test("a task that throws fails the test that runs it") {
            val loop = VirtualLoop()
            loop.execute { error("on purpose") }
            shouldThrow<IllegalStateException> { loop.run() }
        }
    })
