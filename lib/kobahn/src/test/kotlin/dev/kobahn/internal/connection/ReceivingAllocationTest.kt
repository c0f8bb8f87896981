package dev.kobahn.internal.connection

import dev.kobahn.protocol.Allocation
import dev.kobahn.protocol.whereMeasured
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.launch

/** What the messages themselves cost is not counted here: they are made before. */
class ReceivingAllocationTest :
    FunSpec({
        test("a message that is there is received without garbage").config(
            enabledOrReasonIf = whereMeasured,
        ) {
            Receiver().allocationPerMessage(batch = 100) shouldBeLessThan 8
        }

        test("waiting for a message costs one object").config(enabledOrReasonIf = whereMeasured) {
            Receiver().allocationPerMessage(batch = 1) shouldBeLessThan 56
        }
    })

/** A coroutine that receives on a virtual loop. */
private class Receiver {
    private val loop = VirtualLoop()
    private val incoming = incomingMessages(1_000_000, CountingListener())
    private val message = message(0)
    private var received = 0

    init {
        CoroutineScope(loop.dispatcher).launch { for (message in incoming) received++ }
    }

    /** The receiver waits, then gets [batch] messages at once, and again. */
    fun allocationPerMessage(batch: Int): Long {
        repeat(WARM_UP) { turn(batch) }
        received = 0
        val allocated = Allocation.of { repeat(TURNS) { turn(batch) } }
        received shouldBe TURNS * batch
        return allocated / received
    }

    private fun turn(batch: Int) {
        repeat(batch) { incoming.offer(message) }
        loop.run()
    }

    private companion object {
        const val WARM_UP = 500
        const val TURNS = 2_000
    }
}
