package dev.kobahn.protocol.handshake

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.maps.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe

private fun requestWith(vararg cookies: String): HttpRequest = ServerHandshake().upgraded(
    request(REQUEST_FIELDS + Headers.of(mapOf("Cookie" to cookies.asList()))),
)

class RequestCookiesTest :
    FunSpec({
        test("the example of RFC 6265 section 3.1 is read") {
            val request = requestWith("SID=31d4d96e407aad42; lang=en-US")
            request.cookies.shouldContainExactly(
                mapOf("SID" to "31d4d96e407aad42", "lang" to "en-US"),
            )
            request.cookie("lang") shouldBe "en-US"
            request.cookie("LANG").shouldBeNull()
        }

        test("of several cookies with one name the first counts") {
            val request = requestWith("a=1; a=2", "a=3; b=4")
            request.cookies shouldBe mapOf("a" to "1", "b" to "4")
            request.cookie("a") shouldBe "1"
            request.cookie("b") shouldBe "4"
        }

        context("the leniency in reading") {
            rules(
                Triple("no spaces", "a=1;b=2", mapOf("a" to "1", "b" to "2")),
                Triple("more spaces", " a = 1 ;\tb=2 ", mapOf("a" to "1", "b" to "2")),
                Triple("empty parts", ";;a=1;; ;", mapOf("a" to "1")),
                Triple("a part without =", "a; b=2", mapOf("b" to "2")),
                Triple("a part without a name", "=a; b=2", mapOf("b" to "2")),
                Triple("an empty value", "a=; b=2", mapOf("a" to "", "b" to "2")),
                Triple("= in a value", "a=b=c==", mapOf("a" to "b=c==")),
                Triple("quotation marks", "a=\"b c\"", mapOf("a" to "b c")),
                Triple("one quotation mark", "a=\"", mapOf("a" to "\"")),
                Triple("a comma", "a=1,b=2", mapOf("a" to "1,b=2")),
                Triple("names that look like attributes", "\$Version=1", mapOf("\$Version" to "1")),
            ) { (_, field, cookies) ->
                requestWith(field).cookies shouldBe cookies
                cookies.forEach { (name, value) -> requestWith(field).cookie(name) shouldBe value }
            }
        }

        test("a request without the field has no cookies") {
            requestWith().cookies shouldBe emptyMap()
            requestWith().cookie("a").shouldBeNull()
        }
    })
