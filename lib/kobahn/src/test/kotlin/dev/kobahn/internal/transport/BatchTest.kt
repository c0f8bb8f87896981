package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.VirtualLoop
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe

/** What a thread does between its blocks and at their end. */
internal class BatchTest :
    FunSpec({
        test("what is put off is done at the end, once if it is the same") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            val done = ArrayList<String>()
            val deferred = Runnable { done.add("put off") }
            repeat(2) {
                dispatcher.add {
                    Batch.defer(deferred) shouldBe true
                    done.add("block")
                }
            }
            dispatcher.send()
            target.runNext()
            done shouldContainExactly listOf("block", "block", "put off")
        }

        test(
            "what a thread put off that does not get on is done by the loop, and nothing more is put off",
        ) {
            val target = KeptDispatches()
            val loop = VirtualLoop()
            val dispatcher = dispatcher(target, loop)
            var done = 0
            dispatcher.add {
                Batch.defer { done++ } shouldBe true
                repeat(2) { dispatcher.checkStalled() }
                done shouldBe 0
                loop.run()
                done shouldBe 1
                Batch.defer { done++ } shouldBe false
                dispatcher.isWatched shouldBe false
            }
            dispatcher.send()
            target.runNext()
            done shouldBe 1
        }

        test("what is put off waits for no more than the block that runs when it is looked for") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            val done = ArrayList<String>()
            dispatcher.add {
                Batch.defer { done.add("put off") } shouldBe true
                dispatcher.checkStalled()
                done.add("first")
            }
            repeat(2) { dispatcher.add { done.add("more") } }
            dispatcher.send()
            target.runAll()
            done shouldContainExactly listOf("first", "put off", "more", "more")
            target.contexts shouldHaveSize 1
            dispatcher.isWatched shouldBe false
        }

        test("what is put off by what was put off is done too") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            var done = 0
            val again = Runnable { done++ }
            dispatcher.add { Batch.defer { Batch.defer(again) } }
            dispatcher.send()
            target.runNext()
            done shouldBe 1
            dispatcher.isWatched shouldBe false
        }

        test("a block that leaves its thread interrupted interrupts nothing that was put off") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            var isInterrupted = true
            dispatcher.add {
                Batch.defer { isInterrupted = Thread.currentThread().isInterrupted }
                Thread.currentThread().interrupt()
            }
            dispatcher.send()
            target.runNext()
            isInterrupted shouldBe false
        }

        test("a thread that does something else puts nothing off") {
            Batch.defer {} shouldBe false
        }

        test("a block that fails keeps nothing from being done, nor does who is told of it") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            val failures = ArrayList<Throwable>()
            var ran = false
            dispatcher.add { error("a block fails") }
            dispatcher.add { ran = true }
            dispatcher.send()
            tellingOfFailures({ failures.add(it).also { error("so does the telling") } }) {
                target.kept.removeFirst().run()
            }
            ran shouldBe true
            failures.single().message shouldBe "a block fails"
            dispatcher.isWatched shouldBe false
        }
    })
