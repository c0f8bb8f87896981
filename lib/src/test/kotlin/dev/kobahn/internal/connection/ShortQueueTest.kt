package dev.kobahn.internal.connection

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlin.random.Random

class ShortQueueTest :
    FunSpec({
        test("elements leave in their order") {
            val queue = ShortQueue<String>()
            "abc".forEach { queue.addLast("$it") }
            queue.size shouldBe 3
            List(4) { queue.removeFirstOrNull() } shouldBe listOf("a", "b", "c", null)
            queue.isEmpty() shouldBe true
        }

        test("an element put first leaves before all others") {
            val queue = ShortQueue<String>()
            queue.addFirst("b")
            queue.addLast("c")
            queue.addFirst("a")
            queue.toList() shouldBe listOf("a", "b", "c")
        }

        test("an element can be removed wherever it is, once") {
            for (removed in listOf("a", "b", "c")) {
                val queue = ShortQueue<String>()
                "abc".forEach { queue.addLast("$it") }
                queue.remove(removed) shouldBe true
                queue.remove(removed) shouldBe false
                queue.toList() shouldBe listOf("a", "b", "c") - removed
            }
        }

        test("nothing can be removed from an empty queue") {
            val queue = ShortQueue<String>()
            queue.remove("a") shouldBe false
            queue.removeFirstOrNull() shouldBe null
        }

        test("a cleared queue is empty and can be used again") {
            val queue = ShortQueue<String>()
            "abc".forEach { queue.addLast("$it") }
            queue.clear()
            queue.size shouldBe 0
            queue.addLast("d")
            queue.toList() shouldBe listOf("d")
        }

        test("it does what an array deque does") {
            val random = Random(1)
            val queue = ShortQueue<Int>()
            val model = ArrayDeque<Int>()
            repeat(2_000) { step ->
                when (random.nextInt(5)) {
                    0, 1 -> queue.addLast(step).also { model.addLast(step) }

                    2 -> queue.addFirst(step).also { model.addFirst(step) }

                    3 -> queue.removeFirstOrNull() shouldBe model.removeFirstOrNull()

                    else -> model.randomOrNull(random)?.let {
                        queue.remove(it) shouldBe model.remove(it)
                    }
                }
                queue.toList() shouldBe model
            }
        }
    })
