package dev.kobahn.protocol.handshake

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import java.time.LocalDateTime
import java.time.ZoneOffset
import java.time.format.DateTimeFormatter
import java.util.Locale
import kotlin.random.Random

private const val NOW = 784_111_777L

private fun seconds(vararg values: String, date: String? = null): Long? {
    val headers = Headers.of(mapOf("Retry-After" to values.asList()))
    return RetryAfter.seconds(if (date == null) headers else headers + ("Date" to date), NOW)
}

class RetryAfterTest :
    FunSpec({
        test("a number is that many seconds") {
            seconds("120") shouldBe 120
            seconds("0") shouldBe 0
            seconds("9".repeat(100)) shouldBe Int.MAX_VALUE
        }

        context("the dates of RFC 9110 section 5.6.7") {
            vectors(
                "Sun, 06 Nov 1994 08:49:37 GMT",
                "Sunday, 06-Nov-94 08:49:37 GMT",
                "Sun Nov  6 08:49:37 1994",
            ) { date -> RetryAfter.date(date) shouldBe NOW }
        }

        test("any date is read as the JDK writes it") {
            val form = DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US)
            val random = Random(1)
            repeat(1000) {
                val instant = random.nextLong(0, 253_402_300_800)
                val date = LocalDateTime.ofEpochSecond(instant, 0, ZoneOffset.UTC)
                RetryAfter.date(form.format(date)) shouldBe instant
            }
        }

        test("a date counts from the server's own Date, and else from now") {
            val then = "Sun, 06 Nov 1994 08:50:37 GMT"
            seconds(then) shouldBe 60
            seconds(then, date = "Sun, 06 Nov 1994 08:50:07 GMT") shouldBe 30
            seconds(then, date = "yesterday") shouldBe 60
        }

        test("a date in the past is no time to wait") {
            seconds("Sun, 06 Nov 1994 08:49:36 GMT") shouldBe 0
        }

        test("without a value, with two and with a malformed one nothing is said") {
            seconds().shouldBeNull()
            seconds("1", "2").shouldBeNull()
            for (value in listOf(
                "", "-1", "1.5", "soon", "Sun, 06 Foo 1994 08:49:37 GMT", "1 2 3 4 5 6 7 8",
                "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "a b c d e f g",
            )) {
                seconds(value).shouldBeNull()
            }
        }
    })
