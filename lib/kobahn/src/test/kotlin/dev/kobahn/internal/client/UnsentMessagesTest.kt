package dev.kobahn.internal.client

import dev.kobahn.Message
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import java.io.IOException
import kotlin.concurrent.thread
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest

@OptIn(ExperimentalCoroutinesApi::class)
class UnsentMessagesTest :
    FunSpec({
        test("one message may always wait, and the next one waits for space") {
            runTest {
                val unsent = UnsentMessages(1)
                unsent.add(Message.Text("long"))
                val second = begin { unsent.add(Message.Text("b")) }
                second.isCompleted.shouldBeFalse()
                unsent.end(GONE)
                runCurrent()
                second.await().exceptionOrNull().shouldNotBeNull()
            }
        }

        test("what is added after the end fails, and so does a message that waited its turn") {
            runTest {
                val unsent = UnsentMessages(1)
                unsent.add(Message.Text("a"))
                val waiting = List(3) { begin { unsent.add(Message.Text("b")) } }
                unsent.end(GONE)
                runCurrent()
                waiting.forEach { it.await().exceptionOrNull().shouldNotBeNull() }
                shouldThrow<IOException> { unsent.add(Message.Text("c")) }.message shouldBe "gone"
            }
        }

        test("draining returns after the end, whatever waited its turn") {
            runTest {
                val unsent = UnsentMessages(1)
                unsent.add(Message.Text("a"))
                repeat(3) { begin { unsent.add(Message.Text("b")) } }
                unsent.end(GONE)
                runCurrent()
                // On a thread of its own: a loop without suspension could not be cancelled.
                val draining = thread(isDaemon = true) { runBlocking { unsent.drain() } }
                draining.join(PATIENCE_MILLIS)
                draining.isAlive.shouldBeFalse()
            }
        }

        test("draining ends with the end") {
            runTest {
                val unsent = UnsentMessages(1)
                unsent.add(Message.Text("a"))
                val draining = begin { unsent.drain() }
                draining.isCompleted.shouldBeFalse()
                unsent.end(GONE)
                runCurrent()
                draining.await().isSuccess.shouldBeTrue()
            }
        }

        test("draining lets earlier calls add their messages, and later ones fail at the end") {
            runTest {
                val unsent = UnsentMessages(1)
                unsent.add(Message.Text("a"))
                val earlier = begin { unsent.add(Message.Text("b")) }
                val draining = begin { unsent.drain() }
                val later = begin { unsent.add(Message.Text("c")) }
                val connection = MemoryConnection()
                val sending = launch { unsent.sendTo(connection.webSocket) }
                repeat(10) {
                    runCurrent()
                    connection.run()
                }
                earlier.await().isSuccess.shouldBeTrue()
                draining.await().isSuccess.shouldBeTrue()
                connection.frames shouldContainExactly listOf("text a", "text b")
                later.isCompleted.shouldBeFalse()
                sending.cancelAndJoin()
                unsent.end(GONE)
                runCurrent()
                later.await().exceptionOrNull().shouldNotBeNull()
            }
        }
    })

private val GONE = IOException("gone")
private const val PATIENCE_MILLIS = 10_000L

/** Starts [call], and returns its outcome. */
private fun TestScope.begin(call: suspend () -> Unit): Deferred<Result<Unit>> =
    async(start = CoroutineStart.UNDISPATCHED) { runCatching { call() } }
