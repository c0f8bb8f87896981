package dev.kobahn.internal.connection

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.seconds

class ProgressTimerTest :
    FunSpec({
        test("what the system takes without having reported room counts as progress") {
            val loop = VirtualLoop()
            val silent = SilentTransport(MemoryTransport.pair(loop).first)
            var isOver = false
            val timer = ProgressTimer(silent, TIME) { isOver = true }
            silent.onWritten = timer::onWritten
            silent.output.append(ByteArray(10))
            timer.start()
            repeat(3) {
                silent.room = 1
                loop.advanceBy(TIME)
                isOver shouldBe false
            }
            loop.advanceBy(TIME - TICK)
            isOver shouldBe false
            loop.advanceBy(TICK)
            isOver shouldBe true
            loop.pendingTimers shouldBe 0
        }
    })

private val TIME = 10.seconds

/** Takes bytes only when it is told to try, and as many as it has [room] for. */
private class SilentTransport(transport: Transport) : Transport by transport {
    var room = 0
    var onWritten = {}

    override fun writeNow() {
        output.remove(room)
        room = 0
        onWritten()
    }
}
