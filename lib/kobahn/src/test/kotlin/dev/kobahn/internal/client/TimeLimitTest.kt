package dev.kobahn.internal.client

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds

class TimeLimitTest :
    FunSpec({
        test("the rest of the time shrinks, but is never zero, which is no limit") {
            var now = -7L
            val limit = TimeLimit(10.milliseconds) { now }
            limit.left shouldBe 10.milliseconds
            now += 3_000_000
            limit.left shouldBe 7.milliseconds
            now += 7_000_000
            limit.left shouldBe 1.nanoseconds
            now += 1_000_000_000
            limit.left shouldBe 1.nanoseconds
        }

        test("no limit stays none") {
            var now = 0L
            val limit = TimeLimit(Duration.ZERO) { now }
            now = 1_000_000_000
            limit.left shouldBe Duration.ZERO
        }
    })
