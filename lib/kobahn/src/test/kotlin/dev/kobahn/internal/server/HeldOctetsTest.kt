package dev.kobahn.internal.server

import dev.kobahn.protocol.Allocation
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

class HeldOctetsTest :
    FunSpec({
        test("what was added comes out in its order, and is full at 64 KiB") {
            val held = HeldOctets()
            val all = ByteArray(64 * 1024) { (it * 31).toByte() }
            var next = 0
            for (size in listOf(0, 1, 2, 1000, 3, 30_000)) {
                held.add(ByteBuffer.wrap(all, next, size))
                next += size
            }
            held.isFull.shouldBeFalse()
            held.add(ByteBuffer.wrap(all, next, all.size - next))
            held.isFull.shouldBeTrue()
            val taken = held.take()
            ByteArray(taken.remaining()).also { taken.get(it) } shouldBe all
        }

        test(
            "single octets cost little more than they are",
        ).config(enabled = Allocation.isMeasured) {
            val octet = ByteBuffer.allocate(1)
            val allocated = Allocation.of {
                val held = HeldOctets()
                while (!held.isFull) {
                    octet.clear()
                    held.add(octet)
                }
            }
            allocated shouldBeLessThan 1024 * 1024L
        }
    })
