package dev.kobahn.internal.connection

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlin.random.Random

class ShortQueueTest :
    FunSpec({
        test("elements leave in their order") {
            val queue = ShortQueue<String>()
            "abc".forEach { queue.addLast("$it") }
            queue.count shouldBe 3
            List(4) { queue.removeFirstOrNull() } shouldBe listOf("a", "b", "c", null)
            queue.isEmpty shouldBe true
        }

        test("an element put first leaves before all others") {
            val queue = ShortQueue<String>()
            queue.addFirst("b")
            queue.addLast("c")
            queue.addFirst("a")
            List(3) { queue.removeFirstOrNull() } shouldBe listOf("a", "b", "c")
        }

        test("nothing can be removed from an empty queue") {
            ShortQueue<String>().removeFirstOrNull() shouldBe null
        }

        test("a cleared queue is empty and can be used again") {
            val queue = ShortQueue<String>()
            "abc".forEach { queue.addLast("$it") }
            queue.clear()
            queue.count shouldBe 0
            queue.addLast("d")
            queue.removeFirstOrNull() shouldBe "d"
        }

        test("it does what an array deque does") {
            val random = Random(1)
            val queue = ShortQueue<Int>()
            val model = ArrayDeque<Int>()
            repeat(2_000) { step ->
                when (random.nextInt(4)) {
                    0, 1 -> queue.addLast(step).also { model.addLast(step) }
                    2 -> queue.addFirst(step).also { model.addFirst(step) }
                    else -> queue.removeFirstOrNull() shouldBe model.removeFirstOrNull()
                }
                queue.count shouldBe model.size
            }
        }
    })
