package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.VirtualLoop
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import kotlin.coroutines.EmptyCoroutineContext

internal class BatchingDispatchersTest :
    FunSpec({
        test("each target has one batching dispatcher, and gets its own blocks") {
            val all = BatchingDispatchers(VirtualLoop())
            val targets = List(2) { KeptDispatches() }
            all.to(targets[0]) shouldBeSameInstanceAs all.to(targets[0])
            val ran = ArrayList<Int>()
            repeat(4) { number ->
                all.to(targets[number % 2]).dispatch(EmptyCoroutineContext) { ran.add(number) }
            }
            targets.forEach { it.kept.shouldBeEmpty() }
            all.submit()
            targets.forEach { it.runAll() }
            ran shouldContainExactly listOf(0, 2, 1, 3)
        }

        test("a hundred targets are all served, and forgotten") {
            val all = BatchingDispatchers(VirtualLoop())
            val targets = List(100) { KeptDispatches() }
            var ran = 0
            targets.forEach { all.to(it).dispatch(EmptyCoroutineContext) { ran++ } }
            all.submit()
            targets.forEach { it.runNext() }
            ran shouldBe 100
            all.needsChecks shouldBe true
            all.checkStalled()
            all.needsChecks shouldBe false
        }

        test("blocks from another thread, and after the end, go to the target as they are") {
            val loop = VirtualLoop()
            val all = BatchingDispatchers(loop)
            val target = KeptDispatches()
            loop.elsewhere { all.to(target).dispatch(EmptyCoroutineContext) {} }
            target.kept shouldHaveSize 1
            all.close()
            all.to(target).dispatch(EmptyCoroutineContext) {}
            target.kept shouldHaveSize 2
        }
    })
