package dev.kobahn.internal.connection

import dev.kobahn.Message
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import java.io.IOException
import kotlin.concurrent.thread
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.selects.select

@OptIn(kotlinx.coroutines.ExperimentalCoroutinesApi::class)
class SelectBridgeTest :
    FunSpec({
        test("two selects that wait both get a message") {
            val loop = VirtualLoop()
            val incoming = incomingMessages(1000, CountingListener())
            val selects =
                List(2) {
                    CoroutineScope(loop.dispatcher).async { select { incoming.onReceive { it } } }
                }
            loop.run()
            repeat(2) { incoming.offer(message(it)) }
            loop.run()
            selects.map { it.getCompleted().number } shouldContainExactly listOf(0, 1)
        }

        test("a select goes on waiting while another receives") {
            val loop = VirtualLoop()
            val scope = CoroutineScope(loop.dispatcher)
            val incoming = incomingMessages(1000, CountingListener())
            val selecting = scope.async { select { incoming.onReceive { it } } }
            val receiving = scope.async { incoming.receive() }
            loop.run()
            repeat(2) { incoming.offer(message(it)) }
            loop.run()
            listOf(selecting, receiving).map {
                it.getCompleted().number
            } shouldContainExactlyInAnyOrder
                listOf(0, 1)
        }

        test("every select that waits learns of the end") {
            val loop = VirtualLoop()
            val scope = CoroutineScope(loop.dispatcher)
            val incoming = incomingMessages(1000, CountingListener())
            val selects = List(2) { scope.async { select { incoming.onReceiveCatching { it } } } }
            val receiving = scope.async { incoming.receiveCatching() }
            loop.run()
            incoming.end(null)
            loop.run()
            (selects + receiving).forEach { it.getCompleted().isClosed.shouldBeTrue() }
        }

        test("a select that is cancelled with a message in hand gives it back, in order") {
            val loop = VirtualLoop()
            val incoming = incomingMessages(1000, CountingListener())
            val selecting = CoroutineScope(loop.dispatcher).async {
                select { incoming.onReceive { it } }
            }
            loop.run()
            repeat(3) { incoming.offer(message(it)) }
            selecting.cancel()
            loop.run()
            incoming.end(null)
            val rest = CoroutineScope(loop.dispatcher).async {
                List(3) {
                    if (it ==
                        1
                    ) {
                        select { incoming.onReceive { m -> m } }
                    } else {
                        incoming.receive()
                    }
                }
            }
            loop.run()
            rest.getCompleted().map { it.number } shouldContainExactly listOf(0, 1, 2)
            incoming.tryReceive().isClosed.shouldBeTrue()
        }

        test("a select that is cancelled gives its message back even after the end") {
            val loop = VirtualLoop()
            val incoming = incomingMessages(1000, CountingListener())
            val selecting = CoroutineScope(loop.dispatcher).async {
                select { incoming.onReceive { it } }
            }
            loop.run()
            incoming.offer(message(0))
            incoming.end(null)
            selecting.cancel()
            loop.run()
            incoming.tryReceive().getOrThrow().number shouldBe 0
            incoming.tryReceive().isClosed.shouldBeTrue()
        }

        val resumings: Map<String, (IncomingChannel<Message>) -> Unit> = mapOf(
            "a message" to { it.offer(message(0)) },
            "the end" to { it.end(null) },
            "a failure" to { it.fail(IOException("gone")) },
        )
        for ((name, resume) in resumings) {
            test("a select without a dispatcher that $name resumes may wait for other receivers") {
                val incoming = incomingMessages(1000, CountingListener())
                val canOthersReceive = CoroutineScope(Dispatchers.Unconfined).async {
                    select { incoming.onReceiveCatching { it } }
                    val other = thread { incoming.tryReceive() }
                    other.join(5_000)
                    !other.isAlive
                }
                resume(incoming)
                canOthersReceive.getCompleted().shouldBeTrue()
            }
        }

        test("a select that loops without a dispatcher gets all messages in order") {
            val incoming = incomingMessages(1000, CountingListener())
            val numbers = ArrayList<Int>()
            val selecting = CoroutineScope(Dispatchers.Unconfined).async {
                while (true) {
                    val next = select { incoming.onReceiveCatching { it } }
                    numbers += next.getOrNull()?.number ?: break
                    incoming.tryReceive().getOrNull()?.let { numbers += it.number }
                }
            }
            repeat(1_000) { incoming.offer(message(it)) }
            incoming.end(null)
            selecting.isCompleted.shouldBeTrue()
            numbers shouldContainExactly (0..<1_000).toList()
        }
    })
