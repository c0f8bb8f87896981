package dev.kobahn.internal.transport

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import java.io.IOException
import kotlin.time.Duration.Companion.hours
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.currentTime
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

/** Attempts named by their targets, and their results. */
private class Attempts(private val time: TestScope) {
    val begun = ArrayList<String>()
    val cancelled = ArrayList<String>()
    val discarded = ArrayList<String>()
    val failures = ArrayList<IOException>()

    suspend fun run(vararg targets: String, attempt: suspend (String) -> String): String =
        firstToSucceed(targets.asList(), failures, discarded::add) { target ->
            begun.add("$target at ${time.now}")
            try {
                attempt(target)
            } catch (end: CancellationException) {
                cancelled.add(target)
                throw end
            }
        }
}

@OptIn(ExperimentalCoroutinesApi::class)
private val TestScope.now get() = currentTime

@OptIn(ExperimentalCoroutinesApi::class)
class FirstToSucceedTest :
    FunSpec({
        test("the first target succeeds, and no other is tried") {
            runTest {
                val attempts = Attempts(this)
                attempts.run("a", "b") { it } shouldBe "a"
                attempts.begun shouldContainExactly listOf("a at 0")
            }
        }

        test("a failed attempt starts the next at once; the last error has the earlier ones") {
            runTest {
                val attempts = Attempts(this)
                val failure = shouldThrow<IOException> {
                    attempts.run("a", "b", "c") { throw IOException(it) }
                }
                failure.message shouldBe "c"
                failure.suppressed.map { it.message } shouldContainExactly listOf("a", "b")
                attempts.begun shouldContainExactly listOf("a at 0", "b at 0", "c at 0")
            }
        }

        test("the next attempt starts after 250 ms, and its success cancels the first") {
            runTest {
                val attempts = Attempts(this)
                val first = attempts.run("silent", "refused", "open", "spare") {
                    when (it) {
                        "silent" -> awaitCancellation()
                        "refused" -> throw IOException(it)
                        else -> it
                    }
                }
                first shouldBe "open"
                attempts.begun shouldContainExactly
                    listOf("silent at 0", "refused at 250", "open at 250")
                attempts.cancelled shouldContainExactly listOf("silent")
                attempts.failures.map { it.message } shouldContainExactly listOf("refused")
            }
        }

        test("a slow attempt may still be the first to succeed") {
            runTest {
                val attempts = Attempts(this)
                val first = attempts.run("late", "later") {
                    delay(if (it == "late") 300 else 200)
                    it
                }
                first shouldBe "late"
                attempts.cancelled shouldContainExactly listOf("later")
                attempts.discarded.shouldBeEmpty()
            }
        }

        test("a result that comes after the first one is discarded") {
            runTest {
                val attempts = Attempts(this)
                val first = attempts.run("stubborn", "quick") {
                    if (it == "stubborn") withContext(NonCancellable) { delay(1_000) }
                    it
                }
                first shouldBe "quick"
                attempts.discarded shouldContainExactly listOf("stubborn")
            }
        }

        test("cancellation cancels all attempts, and waits for them") {
            runTest {
                val attempts = Attempts(this)
                val racing = async { attempts.run("a", "b", "c") { awaitCancellation() } }
                advanceTimeBy(300)
                runCurrent()
                racing.cancelAndJoin()
                attempts.cancelled shouldContainExactly listOf("a", "b")
            }
        }

        test("the result is discarded if the caller is cancelled before it gets it") {
            runTest {
                val attempts = Attempts(this)
                val racing = async {
                    attempts.run("stubborn", "quick") {
                        if (it == "stubborn") withContext(NonCancellable) { delay(1_000) }
                        it
                    }
                }
                // The first attempt has succeeded, and the other one has not ended yet.
                advanceTimeBy(500)
                runCurrent()
                attempts.discarded.shouldBeEmpty()
                racing.cancelAndJoin()
                attempts.discarded shouldContainExactlyInAnyOrder listOf("quick", "stubborn")
            }
        }

        for (earlier in 1..3) {
            test("failures of an earlier call do not count ($earlier)") {
                runTest {
                    val attempts = Attempts(this)
                    repeat(earlier) { attempts.failures.add(IOException("earlier")) }
                    withTimeout(1.hours) {
                        attempts.run("a", "b") { if (it == "a") throw IOException(it) else it }
                    } shouldBe "b"
                    val failure = shouldThrow<IOException> {
                        withTimeout(1.hours) { attempts.run("c", "d") { throw IOException(it) } }
                    }
                    failure.message shouldBe "d"
                    failure.suppressed.map { it.message } shouldContainExactly listOf("c")
                    attempts.failures.drop(earlier).map { it.message } shouldContainExactly
                        listOf("a", "c", "d")
                }
            }
        }

        test("an exception other than IOException ends all attempts") {
            runTest {
                val attempts = Attempts(this)
                shouldThrow<IllegalStateException> { attempts.run("a", "b") { error(it) } }
                attempts.begun shouldContainExactly listOf("a at 0")
            }
        }
    })
