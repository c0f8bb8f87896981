package dev.kobahn.internal.connection

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicReference
import kotlin.concurrent.thread

private const val KIB = 1024L

/** Holds what it is told to, and writes down what is wanted of it. */
private class Part(budget: MemoryBudget) : MemoryBudget.Holder {
    val wishes = CopyOnWriteArrayList<String>()
    private val holding = budget.hold(this)

    @Volatile
    override var held = 0L

    fun has(bytes: Long) {
        held = bytes
        update()
    }

    fun update() = holding.update()

    fun waited() = holding.waited()

    fun end() = holding.end()

    var beforeLook = {}

    override fun reassess() = beforeLook()

    override fun pause() {
        wishes += "pause"
    }

    override fun resume() {
        wishes += "resume"
    }

    override fun giveUp() {
        wishes += "give up"
    }
}

internal class MemoryBudgetTest :
    FunSpec({
        test("little is not counted, nor are small changes, and what is given back is") {
            val budget = MemoryBudget(1000 * KIB)
            val part = Part(budget)
            part.has(MemoryBudget.GRAIN - 1)
            budget.used shouldBe 0
            part.has(100 * KIB)
            budget.used shouldBe 100 * KIB
            part.has(100 * KIB + 1)
            part.has(90 * KIB)
            budget.used shouldBe 100 * KIB
            part.has(50 * KIB)
            budget.used shouldBe 50 * KIB
            part.has(1)
            budget.used shouldBe 0
            part.has(200 * KIB)
            part.end()
            part.has(200 * KIB)
            budget.used shouldBe 0
        }

        test("above three quarters who grows and holds much is paused, until all hold less") {
            val budget = MemoryBudget(1000 * KIB)
            val (large, small, other) = List(3) { Part(budget) }
            other.has(300 * KIB)
            large.has(400 * KIB)
            large.wishes shouldBe emptyList()
            large.has(460 * KIB)
            small.has(20 * KIB)
            large.wishes shouldContainExactly listOf("pause")
            small.wishes shouldBe emptyList()
            budget.isTight shouldBe true
            other.has(200 * KIB)
            large.wishes shouldContainExactly listOf("pause", "resume")
            other.wishes shouldBe emptyList()
        }

        test("who waited in vain has to give up, and who did not goes on") {
            val budget = MemoryBudget(1000 * KIB)
            val (first, second) = List(2) { Part(budget) }
            first.has(400 * KIB)
            second.has(400 * KIB)
            second.waited()
            second.waited()
            second.wishes shouldContainExactly listOf("pause", "give up")
            second.has(0)
            first.has(500 * KIB)
            first.waited()
            first.wishes shouldBe emptyList()
        }

        test(
            "who is paused and holds less than the average again goes on, however much others hold",
        ) {
            val budget = MemoryBudget(1000 * KIB)
            val (large, other) = List(2) { Part(budget) }
            other.has(450 * KIB)
            large.has(500 * KIB)
            large.wishes shouldContainExactly listOf("pause")
            large.has(460 * KIB)
            large.wishes shouldContainExactly listOf("pause")
            large.has(400 * KIB)
            budget.isTight shouldBe true
            large.wishes shouldContainExactly listOf("pause", "resume")
            large.has(500 * KIB)
            large.end()
            // Nobody is there any more to be told.
            large.wishes shouldContainExactly listOf("pause", "resume", "pause")
        }

        test("who waited and by then holds less than the average does not have to go") {
            val budget = MemoryBudget(1000 * KIB)
            val (paused, other) = List(2) { Part(budget) }
            other.has(350 * KIB)
            paused.has(410 * KIB)
            other.has(450 * KIB)
            paused.waited()
            paused.wishes shouldContainExactly listOf("pause", "resume")
            other.waited()
            other.wishes shouldContainExactly listOf("pause", "give up")
        }

        test("who gave everything back does not have to go, and is not exempt afterwards") {
            val budget = MemoryBudget(1000 * KIB)
            val (emptied, other) = List(2) { Part(budget) }
            emptied.has(100 * KIB)
            other.has(800 * KIB)
            emptied.has(0)
            emptied.waited()
            emptied.wishes shouldBe emptyList()
            emptied.has(5000 * KIB)
            emptied.wishes shouldContainExactly listOf("give up")
        }

        test("above the limit those that hold most give up, as many as are needed, and no others") {
            val evictions = ArrayList<Pair<Int, Long>>()
            val budget = MemoryBudget(1000 * KIB) { count, bytes -> evictions += count to bytes }
            val parts = List(10) { Part(budget) }
            parts.forEachIndexed { index, part -> part.has((50 + 10 * index) * KIB) }
            budget.isOver shouldBe false
            parts[0].has(130 * KIB)
            budget.isOver shouldBe true
            parts.count { "give up" in it.wishes } shouldBe 3
            evictions.size shouldBe 1
            // Those that are told already are on their way: nobody else has to go for them.
            parts[1].has(90 * KIB)
            parts.count { "give up" in it.wishes } shouldBe 3
            parts.filter { "give up" in it.wishes }.forEach { it.end() }
            budget.isOver shouldBe false
            parts.forEach { it.end() }
            budget.used shouldBe 0
        }

        test("who cannot be told to give up keeps nobody else from it, and is told again") {
            val budget = MemoryBudget(1000 * KIB)
            var fails = true
            val failing = object : MemoryBudget.Holder {
                var tellings = 0
                override val held = 600 * KIB

                override fun reassess() = Unit

                override fun pause() = Unit

                override fun resume() = Unit

                override fun giveUp() {
                    tellings++
                    if (fails) error("the loop is gone")
                }
            }
            val holding = budget.hold(failing)
            holding.update()
            val other = Part(budget)
            other.has(400 * KIB)
            val last = Part(budget)
            shouldThrow<IllegalStateException> { last.has(500 * KIB) }
            last.wishes shouldContainExactly listOf("give up")
            last.end()
            fails = false
            other.has(500 * KIB)
            failing.tellings shouldBe 2
        }

        test("who could not be told to pause or to go on is told again") {
            val budget = MemoryBudget(1000 * KIB)
            val told = ArrayList<String>()
            var fails = true
            val failing = object : MemoryBudget.Holder {
                override var held = 800 * KIB

                override fun reassess() = Unit

                override fun pause() = tell("pause")

                override fun resume() = tell("resume")

                override fun giveUp() = tell("give up")

                private fun tell(wish: String) {
                    if (fails) error("the loop is gone")
                    told += wish
                }
            }
            val holding = budget.hold(failing)
            shouldThrow<IllegalStateException> { holding.update() }
            fails = false
            failing.held = 900 * KIB
            holding.update()
            told shouldContainExactly listOf("pause")
            fails = true
            failing.held = 100 * KIB
            shouldThrow<IllegalStateException> { holding.update() }
            fails = false
            holding.waited()
            told shouldContainExactly listOf("pause", "resume")
        }

        test("a log that fails does not hit who grew") {
            val budget = MemoryBudget(100 * KIB) { _, _ -> error("the disk is full") }
            val part = Part(budget)
            part.has(200 * KIB)
            part.wishes shouldContainExactly listOf("give up")
        }

        test("it is told once in a row that some had to give up") {
            var told = 0
            val budget = MemoryBudget(100 * KIB) { _, _ -> told++ }
            repeat(2) { row ->
                val parts = List(4) { Part(budget) }
                parts.forEach { it.has(60 * KIB) }
                told shouldBe row + 1
                parts.forEach { it.end() }
            }
        }

        test("who holds less without having said so does not have to go for what it held") {
            val budget = MemoryBudget(1000 * KIB)
            val (emptied, other) = List(2) { Part(budget) }
            emptied.has(600 * KIB)
            emptied.held = 0
            other.has(500 * KIB)
            emptied.wishes shouldBe emptyList()
            other.wishes shouldBe emptyList()
            budget.used shouldBe 500 * KIB
        }

        test("who waited is looked at anew before it has to go") {
            val budget = MemoryBudget(1000 * KIB)
            val (paused, other) = List(2) { Part(budget) }
            other.has(300 * KIB)
            paused.has(500 * KIB)
            paused.held = 100 * KIB
            paused.waited()
            paused.wishes shouldContainExactly listOf("pause", "resume")
        }

        test("before anybody has to go all look anew at what they share") {
            val budget = MemoryBudget(1000 * KIB)
            val parts = List(3) { Part(budget) }
            parts.forEach { part -> part.beforeLook = { part.held = 200 * KIB } }
            parts.forEach { it.has(400 * KIB) }
            budget.used shouldBe 600 * KIB
            parts.flatMap { it.wishes } shouldBe emptyList()
        }

        test("nobody is paused who grows while others turn out to hold less") {
            val budget = MemoryBudget(1000 * KIB)
            val (emptied, other, growing) = List(3) { Part(budget) }
            emptied.has(400 * KIB)
            other.has(50 * KIB)
            emptied.held = 0
            growing.has(600 * KIB)
            budget.used shouldBe 650 * KIB
            growing.wishes shouldBe emptyList()
        }

        test("all are counted anew at most ten times a second, however often one grows") {
            var milliseconds = 0L
            val budget = MemoryBudget(1000 * KIB, { milliseconds * 1_000_000 })
            val (still, busy) = List(2) { Part(budget) }
            var looks = 0
            still.beforeLook = { looks++ }
            still.has(400 * KIB)
            repeat(1_000) {
                busy.has(400 * KIB)
                busy.has(0)
                milliseconds++
            }
            looks shouldBe 10
        }

        test("all are counted anew before one is paused, although another one crossed the mark") {
            val budget = MemoryBudget(1000 * KIB)
            val (emptied, growing, small) = List(3) { Part(budget) }
            emptied.has(400 * KIB)
            growing.has(330 * KIB)
            emptied.held = 0
            small.has(30 * KIB)
            growing.has(350 * KIB)
            growing.wishes shouldBe emptyList()
            budget.used shouldBe 380 * KIB
        }

        test("all are counted anew before one that waited has to give up") {
            var now = 0L
            val budget = MemoryBudget(1000 * KIB, { now })
            val (emptied, waiting) = List(2) { Part(budget) }
            emptied.has(400 * KIB)
            waiting.has(400 * KIB)
            emptied.held = 0
            now += 5_000_000_000
            waiting.waited()
            waiting.wishes shouldContainExactly listOf("pause", "resume")
        }

        test("one that turns out to hold more than there is has to give up, whoever waited") {
            var now = 0L
            val budget = MemoryBudget(1000 * KIB, { now })
            val (grown, waiting) = List(2) { Part(budget) }
            grown.has(350 * KIB)
            waiting.has(450 * KIB)
            grown.held = 1150 * KIB
            now += 5_000_000_000
            waiting.waited()
            grown.wishes shouldContainExactly listOf("give up")
        }

        test("one that is counted anew and holds less lets the others go on") {
            val budget = MemoryBudget(1000 * KIB, { 0 })
            val (shrinking, waiting) = List(2) { Part(budget) }
            waiting.has(400 * KIB)
            shrinking.has(400 * KIB)
            shrinking.wishes shouldContainExactly listOf("pause")
            waiting.has(450 * KIB)
            waiting.wishes shouldContainExactly listOf("pause")
            shrinking.beforeLook = { shrinking.held = 200 * KIB }
            shrinking.has(500 * KIB)
            budget.used shouldBe 650 * KIB
            listOf(waiting, shrinking).forEach {
                it.wishes shouldContainExactly listOf("pause", "resume")
            }
        }

        test("who waited and finds that there is room lets the others go on too") {
            val budget = MemoryBudget(1000 * KIB)
            val (first, second) = List(2) { Part(budget) }
            first.has(450 * KIB)
            second.has(450 * KIB)
            first.has(470 * KIB)
            listOf(first, second).forEach { it.wishes shouldContainExactly listOf("pause") }
            first.held = 20 * KIB
            first.waited()
            listOf(first, second).forEach {
                it.wishes shouldContainExactly listOf("pause", "resume")
            }
        }

        test("who is paused and turns out to hold little goes on, whoever looks") {
            val budget = MemoryBudget(1000 * KIB)
            val (large, paused, growing) = List(3) { Part(budget) }
            large.has(500 * KIB)
            paused.has(500 * KIB)
            paused.wishes shouldContainExactly listOf("pause")
            paused.held = 20 * KIB
            growing.has(300 * KIB)
            budget.isTight shouldBe true
            paused.wishes shouldContainExactly listOf("pause", "resume")
        }

        test("a number that is older when it is charged does not stay") {
            val budget = MemoryBudget(1000 * KIB)
            val later = AtomicReference<Thread>()
            val asked = AtomicInteger()
            val holder = object : MemoryBudget.Holder {
                @Volatile
                var bytes = 500 * KIB

                override val held: Long
                    get() {
                        val seen = bytes
                        if (asked.getAndIncrement() == 0) letLaterGo()
                        return seen
                    }

                lateinit var holding: MemoryBudget.Holding

                /** Has another thread charge less, until it is done or waits for this one. */
                private fun letLaterGo() {
                    bytes = 100 * KIB
                    later.set(thread { holding.update() })
                    val end = System.nanoTime() + 10_000_000_000
                    while (later.get().run { isAlive && state != Thread.State.BLOCKED }) {
                        check(System.nanoTime() < end) { "the other thread does neither" }
                        Thread.onSpinWait()
                    }
                }

                override fun reassess() = Unit

                override fun pause() = Unit

                override fun resume() = Unit

                override fun giveUp() = Unit
            }
            holder.holding = budget.hold(holder)
            holder.holding.update()
            later.get().join()
            budget.used shouldBe 100 * KIB
        }

        test("what several threads charge at once is given back to the last byte") {
            val budget = MemoryBudget(1000 * KIB)
            val parts = List(8) { Part(budget) }
            val threads = List(4) { number ->
                thread {
                    repeat(20_000) { parts[it % 8].has((it + number) % 20 * 16 * KIB) }
                }
            }
            threads.forEach { it.join() }
            val ending = List(2) { thread { parts.forEach { it.end() } } }
            val growing = thread { repeat(20_000) { parts[it % 8].has(it % 20 * 16 * KIB) } }
            (ending + growing).forEach { it.join() }
            budget.used shouldBe 0
            budget.isTight shouldBe false
        }
    })
