package dev.kobahn.internal.transport

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.delay
import kotlinx.coroutines.withContext

internal class BlockedLoopWatchTest :
    FunSpec({
        timeout = 30_000

        test("a blocked loop is reported once, with its thread's stack") {
            val loop = EventLoop("blocked").apply { start() }
            val reports = CopyOnWriteArrayList<Throwable>()
            val reported = CompletableDeferred<Unit>()
            val watch = BlockedLoopWatch(20.milliseconds, { listOf(loop) }) { _, stack ->
                // A loop whose thread waits for a processor is reported too.
                if (stack.stackTrace.any { it.methodName == "culprit" }) {
                    reports.add(stack)
                    reported.complete(Unit)
                }
            }
            watch.start()
            val latch = CountDownLatch(1)
            loop.execute { culprit(latch) }
            reported.await()
            delay(100.milliseconds)
            latch.countDown()
            withContext(loop.dispatcher) { delay(100.milliseconds) }
            watch.stop()
            reports shouldHaveSize 1
            loop.stop()
            loop.termination.join()
        }

        test("a loop that sleeps or is busy with short steps is not reported") {
            val loop = EventLoop("busy").apply { start() }
            val reports = CopyOnWriteArrayList<Throwable>()
            val watch = BlockedLoopWatch(200.milliseconds, { listOf(loop) }) { _, stack ->
                reports.add(stack)
            }
            watch.start()
            withContext(loop.dispatcher) { delay(450.milliseconds) }
            val start = loop.nanoTime()
            while (loop.nanoTime() - start < 450_000_000) withContext(loop.dispatcher) { }
            watch.stop()
            reports shouldHaveSize 0
            loop.stop()
            loop.termination.join()
        }
    })

private fun culprit(latch: CountDownLatch) {
    latch.await()
}
