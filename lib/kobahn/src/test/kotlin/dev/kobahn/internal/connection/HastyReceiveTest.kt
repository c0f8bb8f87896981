package dev.kobahn.internal.connection

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.coroutines.yield

@OptIn(kotlinx.coroutines.ExperimentalCoroutinesApi::class)
class HastyReceiveTest :
    FunSpec({
        test("20,000 receives with a tight timeout lose and reorder nothing, on a loop") {
            val loop = VirtualLoop()
            val incoming = incomingMessages(10_000_000, CountingListener())
            val received = ArrayList<Int>()
            var attempts = 0
            val receiver = CoroutineScope(loop.dispatcher).launch {
                while (received.size < TIGHT) {
                    attempts++
                    withTimeoutOrNull(1.milliseconds) { received.add(incoming.receive().number) }
                }
            }
            val sender = CoroutineScope(loop.dispatcher).launch {
                repeat(TIGHT) {
                    // Now before, now at, now after the receiver's deadline.
                    delay((it % 4).milliseconds)
                    incoming.offer(message(it, 10))
                }
            }
            while (!receiver.isCompleted) loop.advanceBy(1000.milliseconds)
            sender.isCompleted.shouldBeTrue()
            received shouldContainExactly List(TIGHT) { it }
            (attempts > TIGHT).shouldBeTrue()
        }

        test("what an iterator found stays with it, whenever its caller is cancelled") {
            val incoming = incomingMessages(1_000, CountingListener())
            incoming.offer(message(1))
            val iterator = incoming.iterator()
            val found = async(start = CoroutineStart.UNDISPATCHED) {
                iterator.hasNext().also { coroutineContext.job.cancel() }
            }
            shouldThrow<CancellationException> { found.await() }
            iterator.hasNext() shouldBe true
            iterator.next().number shouldBe 1
        }

        test("an iterator whose caller is cancelled just as a message comes loses none") {
            val incoming = incomingMessages(10_000_000, CountingListener())
            val iterator = incoming.iterator()
            withContext(Dispatchers.Default) {
                repeat(NEAR_MISSES) { number ->
                    val finding = async(start = CoroutineStart.UNDISPATCHED) { iterator.hasNext() }
                    val offering = launch { incoming.offer(message(number, 10)) }
                    finding.cancel()
                    offering.join()
                    finding.join()
                    check(iterator.hasNext() && iterator.next().number == number)
                }
            }
            incoming.isEmpty shouldBe true
        }

        for (way in listOf("receive", "iterator", "onReceive")) {
            test(
                "20,000 calls of $way with a tight timeout lose and reorder nothing, on several threads",
            ) {
                receiveInHaste(WAYS.getValue(way)) shouldContainExactly List(TIGHT) { it }
            }
        }
    })

private const val TIGHT = 20_000
private const val NEAR_MISSES = 200_000

/** Receives [TIGHT] messages by [way] with timeouts of 200 microseconds that often strike. */
private suspend fun receiveInHaste(way: Receiving): List<Int> = withContext(Dispatchers.Default) {
    val incoming = incomingMessages(10_000_000, CountingListener())
    launch {
        repeat(TIGHT) {
            incoming.offer(message(it, 10))
            if (it % 16 == 0) yield()
            if (it % 200 == 0) delay(1.milliseconds)
        }
        incoming.end(null)
    }
    val received = ArrayList<Int>(TIGHT)
    var isOpen = true
    while (isOpen) {
        withTimeoutOrNull(200.microseconds) {
            val result = way(incoming)
            if (result.isClosed) isOpen = false else received.add(result.getOrThrow().number)
        }
    }
    received
}
