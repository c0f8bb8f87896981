package dev.kobahn.reconnect

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.comparables.shouldBeLessThanOrEqualTo
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

class BackoffTest :
    FunSpec({
        test("it begins with initial, grows by factor, and stops at max") {
            val backoff = Backoff.exponential(1.seconds, 10.seconds, factor = 3.0, jitter = 0.0)
            (1..4).map(backoff::delay).shouldContainExactly(
                1.seconds,
                3.seconds,
                9.seconds,
                10.seconds,
            )
            backoff.delay(Int.MAX_VALUE) shouldBe 10.seconds
        }

        test("a factor of 1 waits the same time always") {
            val backoff = Backoff.exponential(2.seconds, 10.seconds, factor = 1.0, jitter = 0.0)
            backoff.delay(1_000_000) shouldBe 2.seconds
        }

        test("jitter takes a random part of the time away, and no more") {
            val random = Random(1)
            val backoff = Backoff.exponential(4.seconds, 4.seconds, 2.0, jitter = 0.25, random)
            val delays = List(1000) { backoff.delay(1) }
            delays.forEach {
                it shouldBeGreaterThanOrEqualTo 3.seconds
                it shouldBeLessThanOrEqualTo 4.seconds
            }
            delays.distinct().size shouldBeGreaterThan 900
            (delays.max() - delays.min()) shouldBeGreaterThanOrEqualTo 900.milliseconds
        }

        test("a value out of range is refused by name") {
            fun refused(call: () -> Unit) = shouldThrow<IllegalArgumentException>(call).message!!
            refused { Backoff.exponential(initial = Duration.ZERO) } shouldContain "initial is 0s"
            refused { Backoff.exponential(initial = 1.days) } shouldContain "max is 1m"
            refused { Backoff.exponential(factor = 0.5) } shouldContain "factor is 0.5"
            refused { Backoff.exponential(factor = Double.NaN) } shouldContain "factor is NaN"
            refused { Backoff.exponential(jitter = 1.5) } shouldContain "jitter is 1.5"
            refused { Backoff.exponential(jitter = -0.1) } shouldContain "jitter is -0.1"
        }
    })
