package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.VirtualLoop
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe

/** What a thread does between its blocks and at their end. */
internal class StintTest :
    FunSpec({
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
            val loop = VirtualLoop()
            val handOver = handOver(target, loop)
            var done = 0
            handOver.add {
                Stint.putOff { done++ } shouldBe true
                repeat(2) { handOver.relieve() }
                done shouldBe 0
                loop.run()
                done shouldBe 1
                Stint.putOff { done++ } shouldBe false
                handOver.isWatched shouldBe false
            }
            handOver.send()
            target.runNext()
            done shouldBe 1
        }

        test("what is put off waits for no more than the block that runs when it is looked for") {
            val target = KeptDispatches()
            val handOver = handOver(target)
            val done = ArrayList<String>()
            handOver.add {
                Stint.putOff { done.add("put off") } shouldBe true
                handOver.relieve()
                done.add("first")
            }
            repeat(2) { handOver.add { done.add("more") } }
            handOver.send()
            target.runAll()
            done shouldContainExactly listOf("first", "put off", "more", "more")
            target.contexts shouldHaveSize 1
            handOver.isWatched shouldBe false
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

        test("a block that fails keeps nothing from being done, nor does who is told of it") {
            val target = KeptDispatches()
            val handOver = handOver(target)
            val failures = ArrayList<Throwable>()
            var ran = false
            handOver.add { error("a block fails") }
            handOver.add { ran = true }
            handOver.send()
            tellingOfFailures({ failures.add(it).also { error("so does the telling") } }) {
                target.kept.removeFirst().run()
            }
            ran shouldBe true
            failures.single().message shouldBe "a block fails"
            handOver.isWatched shouldBe false
        }
    })
