package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.VirtualLoop
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import io.kotest.property.Arb
import io.kotest.property.arbitrary.int
import io.kotest.property.arbitrary.list
import io.kotest.property.checkAll

internal class TimerQueueTest :
    FunSpec({
        val queue = TimerQueue(VirtualLoop())

        fun timer(deadline: Long) = Timer(deadline, queue) { }

        test("timers come out by deadline, and with the same deadline in the order of adding") {
            checkAll(Arb.list(Arb.int(0..20), 0..100)) { deadlines ->
                val timers = TimerHeap()
                val added = deadlines.map { timer(it.toLong()) }.onEach(timers::add)
                val taken = generateSequence { timers.takeDue(Long.MAX_VALUE / 2) }.toList()
                taken shouldBe added.sortedBy { it.deadline }
            }
        }

        test("a removed timer is gone at once, and the others keep their order") {
            val deadlines = Arb.list(Arb.int(0..20), 1..60)
            checkAll(deadlines, Arb.list(Arb.int(0..59), 0..60)) { times, remove ->
                val timers = TimerHeap()
                val added = times.map { timer(it.toLong()) }.onEach(timers::add)
                val removed = remove.mapNotNull(added::getOrNull).toSet()
                removed.forEach(timers::remove)
                removed.forEach(timers::remove)
                timers.size shouldBe added.size - removed.size
                val taken = generateSequence { timers.takeDue(Long.MAX_VALUE / 2) }.toList()
                taken shouldBe (added - removed).sortedBy { it.deadline }
            }
        }

        test("no timer is due before its deadline") {
            val timers = TimerHeap()
            val timer = timer(100).also(timers::add)
            timers.takeDue(99) shouldBe null
            timers.takeDue(100) shouldBeSameInstanceAs timer
        }

        test("timers keep their order when the clock overflows") {
            val timers = TimerHeap()
            val late = timer(Long.MIN_VALUE + 10).also(timers::add)
            val early = timer(Long.MAX_VALUE - 10).also(timers::add)
            timers.takeDue(Long.MAX_VALUE) shouldBeSameInstanceAs early
            timers.takeDue(Long.MAX_VALUE) shouldBe null
            timers.takeDue(Long.MIN_VALUE + 10) shouldBeSameInstanceAs late
        }
    })
