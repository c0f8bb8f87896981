package dev.kobahn.internal.client

import dev.kobahn.HandshakeException
import dev.kobahn.protocol.handshake.headersOf
import dev.kobahn.proxy.ProxyException
import dev.kobahn.proxy.ProxyServer
import dev.kobahn.reconnect.Backoff
import dev.kobahn.reconnect.ReconnectState
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import java.io.IOException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.currentTime
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import kotlinx.coroutines.withContext

@OptIn(ExperimentalCoroutinesApi::class)
class RetryLoopTest :
    FunSpec({
        test("each failure waits for the next time of the backoff") {
            runTest {
                val begins = ArrayList<Long>()
                loop().run {
                    begins.add(currentTime)
                    if (begins.size < 5) throw IOException()
                }
                begins shouldContainExactly listOf(0L, 1000, 3000, 7000, 15_000)
            }
        }

        test("the result of a connection that ends on purpose is returned") {
            runTest { loop().run { "done" } shouldBe "done" }
        }

        test("a failure that does not pass is thrown at once") {
            runTest {
                val failure = IOException("for good")
                shouldThrow<IOException> {
                    loop(retryIf = { it !== failure }).run { throw failure }
                } shouldBe failure
                currentTime shouldBe 0
            }
        }

        test("the exception of a backoff is thrown") {
            runTest {
                val rules = RetryRules({ error("backoff") }, 0, 1.hours, 1.hours) { true }
                shouldThrow<IllegalStateException> {
                    RetryLoop(rules).run { throw IOException() }
                }.message shouldBe "backoff"
            }
        }

        test("the last of maxAttempts is thrown, and nobody waits behind it") {
            runTest {
                var attempts = 0
                shouldThrow<IOException> {
                    loop(maxAttempts = 3).run { throw IOException("attempt ${++attempts}") }
                }.message shouldBe "attempt 3"
                currentTime shouldBe 3000
            }
        }

        test("a connection that lasted ends the series of failures, and a shorter one does not") {
            runTest {
                val lives = ArrayDeque(listOf(0, 0, 9_999, 10_001, 0))
                val begins = ArrayList<Long>()
                loop().run { opened ->
                    begins.add(currentTime)
                    val life = lives.removeFirstOrNull() ?: return@run
                    if (life > 0) opened()
                    delay(life.milliseconds)
                    throw IOException()
                }
                begins.zipWithNext { a, b -> b - a } shouldContainExactly
                    listOf(1000L, 2000, 9_999 + 4000, 10_001 + 1000, 2000)
            }
        }

        test("an attempt that takes long to fail is no connection that lasted") {
            runTest {
                val begins = ArrayList<Long>()
                loop().run {
                    begins.add(currentTime)
                    if (begins.size == 3) return@run
                    delay(1.minutes)
                    throw IOException()
                }
                begins shouldContainExactly listOf(0L, 61_000, 123_000)
            }
        }

        test("Retry-After is waited for, up to its bound, and the backoff if that is longer") {
            runTest {
                suspend fun waitAfter(value: String): Duration {
                    val begin = currentTime
                    var isFirst = true
                    loop().run {
                        if (!isFirst) return@run
                        isFirst = false
                        throw HandshakeException("", 503, headersOf("Retry-After" to value))
                    }
                    return (currentTime - begin).milliseconds
                }
                waitAfter("60") shouldBe 60.seconds
                waitAfter("0") shouldBe 1.seconds
                waitAfter("86400") shouldBe 1.hours
                waitAfter("soon") shouldBe 1.seconds
            }
        }

        test("Retry-After as a date counts from the server's Date") {
            runTest {
                var isFirst = true
                val headers = headersOf(
                    "Date" to "Sun, 06 Nov 1994 08:49:37 GMT",
                    "Retry-After" to "Sun, 06 Nov 1994 08:50:07 GMT",
                )
                loop().run {
                    if (!isFirst) return@run
                    isFirst = false
                    throw HandshakeException("", 429, headers)
                }
                currentTime shouldBe 30_000
            }
        }

        test("Retry-After of a proxy is waited for too") {
            runTest {
                var isFirst = true
                val headers = headersOf("Retry-After" to "60")
                loop().run {
                    if (!isFirst) return@run
                    isFirst = false
                    throw ProxyException("", ProxyServer.http("proxy", 3128), 503, headers)
                }
                currentTime shouldBe 60_000
            }
        }

        test("the next connection waits behind the wait until it may be made") {
            runTest {
                val states = ArrayList<String>()
                var attempts = 0
                val loop = loop(
                    onState = { states.add("$it at $currentTime".substringBefore(" after")) },
                    awaitNext = {
                        delay(5.seconds)
                        states.add("may connect at $currentTime")
                    },
                )
                loop.run { if (++attempts < 2) throw IOException() }
                states shouldContainExactly listOf(
                    "connecting, attempt 1 at 0",
                    "waiting for 1s",
                    "may connect at 6000",
                    "connecting, attempt 2 at 6000",
                )
            }
        }

        test("the states are told in order") {
            runTest {
                val states = ArrayList<String>()
                var attempts = 0
                loop(onState = { states.add(it.toString()) }).run {
                    if (++attempts < 3) throw IOException("no")
                }
                states shouldContainExactly listOf(
                    "connecting, attempt 1",
                    "waiting for 1s after failure 1: java.io.IOException: no",
                    "connecting, attempt 2",
                    "waiting for 2s after failure 2: java.io.IOException: no",
                    "connecting, attempt 3",
                )
            }
        }

        test("the end of the scope ends the wait at once") {
            runTest {
                val job = launch { loop().run { throw IOException() } }
                advanceTimeBy(500.milliseconds)
                job.cancelAndJoin()
                currentTime shouldBe 500
            }
        }

        test("the end of the scope ends a connection, whose cleaning up hides nothing") {
            runTest {
                val states = ArrayList<ReconnectState>()
                val job = launch {
                    loop(onState = states::add).run { opened ->
                        opened()
                        try {
                            awaitCancellation()
                        } finally {
                            withContext(NonCancellable) { delay(1.seconds) }
                            throw IOException("not closed well")
                        }
                    }
                }
                runCurrent()
                job.cancelAndJoin()
                states.size shouldBe 1
            }
        }
    })

private fun loop(
    maxAttempts: Int = 0,
    onState: (ReconnectState) -> Unit = {},
    awaitNext: suspend () -> Unit = {},
    retryIf: (Throwable) -> Boolean = { true },
) = RetryLoop(
    RetryRules(
        Backoff.exponential(1.seconds, 60.seconds, factor = 2.0, jitter = 0.0),
        maxAttempts,
        resetAfter = 10.seconds,
        maxRetryAfter = 1.hours,
        retryIf,
    ),
    onState,
    awaitNext,
)
