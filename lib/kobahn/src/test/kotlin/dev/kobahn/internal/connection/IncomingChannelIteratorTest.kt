package dev.kobahn.internal.connection

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import kotlin.coroutines.Continuation
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.startCoroutine
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.asContextElement
import kotlinx.coroutines.async
import kotlinx.coroutines.withTimeoutOrNull

@OptIn(ExperimentalCoroutinesApi::class)
class IncomingChannelIteratorTest :
    FunSpec({
        test("an iterator waits on after a wait that was cancelled, in another context") {
            val loop = VirtualLoop()
            val incoming = incomingMessages(1000, CountingListener())
            val received = CoroutineScope(loop.dispatcher).async {
                val iterator = incoming.iterator()
                repeat(3) { withTimeoutOrNull(1.seconds) { iterator.hasNext() }.shouldBeNull() }
                List(2) { if (iterator.hasNext()) iterator.next().number else -1 }
            }
            loop.advanceBy(4.seconds)
            repeat(2) {
                incoming.offer(message(it))
                loop.run()
            }
            received.getCompleted() shouldBe listOf(0, 1)
        }

        test("a message that is taken while it is told of does not fill the queue") {
            val incoming = incomingMessages(1000, CountingListener())
            val received = CoroutineScope(Dispatchers.Unconfined).async { incoming.receive() }
            incoming.offer(message(1, size = 2000)) shouldBe false
            received.getCompleted().number shouldBe 1
            incoming.offer(message(2, size = 2000)) shouldBe true
        }

        test("a coroutine that is cancelled in a later wait ends and takes nothing") {
            val loop = VirtualLoop()
            val incoming = incomingMessages(1000, CountingListener())
            val taken = ArrayList<Int>()
            val received = CoroutineScope(loop.dispatcher).async {
                for (message in incoming) taken.add(message.number)
            }
            repeat(3) {
                loop.run()
                incoming.offer(message(it))
            }
            loop.run()
            received.cancel()
            incoming.offer(message(3))
            loop.run()
            received.isCancelled.shouldBeTrue()
            taken shouldBe listOf(0, 1, 2)
            incoming.tryReceive().getOrThrow().number shouldBe 3
        }

        test("an iterator that is told and then cancelled leaves the message to another one") {
            val loop = VirtualLoop()
            val scope = CoroutineScope(loop.dispatcher)
            val incoming = incomingMessages(1000, CountingListener())
            val told = scope.async { incoming.iterator().hasNext() }
            val other = scope.async { incoming.iterator().run { if (hasNext()) next() else null } }
            loop.run()
            incoming.offer(message(7))
            told.cancel()
            loop.run()
            other.getCompleted()?.number shouldBe 7
        }

        test("who waits is told in order, wherever one that was cancelled stood") {
            for (cancelled in 0..2) {
                val loop = VirtualLoop()
                val incoming = incomingMessages(1000, CountingListener())
                val waits = List(3) { CoroutineScope(loop.dispatcher).async { incoming.receive() } }
                loop.run()
                waits[cancelled].cancel()
                repeat(2) { incoming.offer(message(it)) }
                loop.run()
                val others = waits - waits[cancelled]
                others.map { it.getCompleted().number } shouldBe listOf(0, 1)
            }
        }

        test(
            "the loop's own dispatcher is given an iterator as it is, unless a thread needs state",
        ) {
            val loop = VirtualLoop()
            val given = RecordingDispatcher(loop.dispatcher)
            val incoming = incomingMessages(1000, CountingListener(given))
            for (context in listOf(given, given + ThreadLocal<Int>().asContextElement(1))) {
                var taken = 0
                val receive = suspend { taken = incoming.receive().number }
                receive.startCoroutine(Continuation(context + Job()) { it.getOrThrow() })
                loop.run()
                incoming.offer(message(5))
                loop.run()
                taken shouldBe 5
            }
            given.blocks.filterIsInstance<IncomingChannelIterator<*>>().size shouldBe 1
        }

        test("an iterator whose next message was not asked for has none") {
            val iterator = incomingMessages(1000, CountingListener()).iterator()
            shouldThrow<IllegalStateException> { iterator.next() }
        }

        test("a coroutine that waits is ended by what cancels receiving") {
            val loop = VirtualLoop()
            val incoming = incomingMessages(1000, CountingListener())
            val received = CoroutineScope(loop.dispatcher).async { incoming.iterator().hasNext() }
            loop.run()
            incoming.cancel(CancellationException("enough"))
            loop.run()
            received.getCompletionExceptionOrNull()?.message shouldBe "enough"
        }
    })

private class RecordingDispatcher(private val dispatcher: CoroutineDispatcher) :
    CoroutineDispatcher() {
    val blocks = ArrayList<Runnable>()

    override fun dispatch(context: CoroutineContext, block: Runnable) {
        blocks.add(block)
        dispatcher.dispatch(context, block)
    }
}
