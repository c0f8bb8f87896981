package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.VirtualLoop
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe

/** The rules for deferred actions and failing blocks. */
internal class BatchTest :
    FunSpec({
        test("an action deferred twice in a row runs once, after all blocks") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            val done = ArrayList<String>()
            val action = Runnable { done.add("deferred") }
            repeat(2) {
                dispatcher.enqueue {
                    Batch.defer(action) shouldBe true
                    done.add("block")
                }
            }
            dispatcher.submit()
            target.runNext()
            done shouldContainExactly listOf("block", "block", "deferred")
        }

        test("the loop runs the deferred actions of a stalled batch, which defers no more") {
            val target = KeptDispatches()
            val loop = VirtualLoop()
            val dispatcher = dispatcher(target, loop)
            var done = 0
            dispatcher.enqueue {
                Batch.defer { done++ } shouldBe true
                repeat(2) { dispatcher.checkStalled() }
                done shouldBe 0
                loop.run()
                done shouldBe 1
                Batch.defer { done++ } shouldBe false
                dispatcher.needsChecks shouldBe false
            }
            dispatcher.submit()
            target.runNext()
            done shouldBe 1
        }

        test("an action that was deferred before a check runs after the current block") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            val done = ArrayList<String>()
            dispatcher.enqueue {
                Batch.defer { done.add("deferred") } shouldBe true
                dispatcher.checkStalled()
                done.add("first")
            }
            repeat(2) { dispatcher.enqueue { done.add("more") } }
            dispatcher.submit()
            target.runAll()
            done shouldContainExactly listOf("first", "deferred", "more", "more")
            target.contexts shouldHaveSize 1
            dispatcher.needsChecks shouldBe false
        }

        test("an action deferred by a deferred action runs too") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            var done = 0
            val again = Runnable { done++ }
            dispatcher.enqueue { Batch.defer { Batch.defer(again) } }
            dispatcher.submit()
            target.runNext()
            done shouldBe 1
            dispatcher.needsChecks shouldBe false
        }

        test("a block that leaves its thread interrupted does not interrupt deferred actions") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            var isInterrupted = true
            dispatcher.enqueue {
                Batch.defer { isInterrupted = Thread.currentThread().isInterrupted }
                Thread.currentThread().interrupt()
            }
            dispatcher.submit()
            target.runNext()
            isInterrupted shouldBe false
        }

        test("a thread that runs no batch defers nothing") {
            Batch.defer {} shouldBe false
        }

        test("the batch goes on if a block fails, and if the handler of that failure fails") {
            val target = KeptDispatches()
            val dispatcher = dispatcher(target)
            val failures = ArrayList<Throwable>()
            var ran = false
            dispatcher.enqueue { error("a block fails") }
            dispatcher.enqueue { ran = true }
            dispatcher.submit()
            tellingOfFailures({ failures.add(it).also { error("so does the handler") } }) {
                target.kept.removeFirst().run()
            }
            ran shouldBe true
            failures.single().message shouldBe "a block fails"
            dispatcher.needsChecks shouldBe false
        }
    })
