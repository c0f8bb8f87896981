package dev.kobahn.protocol.handshake

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldNotContain
import kotlin.io.encoding.Base64

private fun credentials(vararg fields: String): BasicCredentials? {
    val headers = Headers.of(mapOf("Authorization" to fields.asList()))
    return ServerHandshake().upgraded(request(REQUEST_FIELDS + headers)).basicCredentials
}

private fun encoded(bytes: ByteArray) = Base64.encode(bytes)

class BasicCredentialsTest :
    FunSpec({
        test("the examples of RFC 7617 are read and written") {
            val aladdin = BasicCredentials("Aladdin", "open sesame")
            aladdin.headerValue shouldBe "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
            credentials(aladdin.headerValue) shouldBe aladdin
            BasicCredentials("test", "123\u00A3").headerValue shouldBe "Basic dGVzdDoxMjPCow=="
        }

        test("a password may have colons, and both parts may be empty") {
            credentials("Basic " + encoded("a:b:c".encodeToByteArray())) shouldBe
                BasicCredentials("a", "b:c")
            credentials("Basic Og==") shouldBe BasicCredentials("", "")
        }

        context("the leniency in reading") {
            rules(
                "the scheme in any case" to "bASIC YTpi",
                "several spaces" to "Basic   YTpi",
                "without padding" to "Basic YTpi",
            ) { (_, field) -> credentials(field) shouldBe BasicCredentials("a", "b") }
        }

        test("bytes that are not UTF-8 are ISO-8859-1") {
            credentials("Basic " + encoded("ä:ö".toByteArray(Charsets.ISO_8859_1))) shouldBe
                BasicCredentials("ä", "ö")
            credentials("Basic " + encoded("ä:ö".encodeToByteArray())) shouldBe
                BasicCredentials("ä", "ö")
        }

        context("no credentials are") {
            rules(
                "another scheme" to "Bearer YTpi",
                "a scheme alone" to "Basic",
                "a scheme and a space" to "Basic ",
                "a name without a colon" to "Basic YWI=",
                "text that is not Base64" to "Basic a:b",
                "text with a gap" to "Basic YT pi",
                "control characters" to "Basic " + encoded("a\n:b".encodeToByteArray()),
                "half of a group" to "Basic Y",
            ) { (_, field) -> credentials(field).shouldBeNull() }
        }

        test("two fields are no credentials, even equal ones") {
            credentials("Basic YTpi", "Basic YTpi").shouldBeNull()
            credentials().shouldBeNull()
        }

        test("credentials match if both parts are equal") {
            val credentials = BasicCredentials("a", "b")
            credentials.matches("a", "b") shouldBe true
            credentials.matches("a", "c") shouldBe false
            credentials.matches("c", "b") shouldBe false
            credentials.matches("a", "") shouldBe false
            credentials shouldBe BasicCredentials("a", "b")
            credentials.hashCode() shouldBe BasicCredentials("a", "b").hashCode()
            credentials shouldNotBe BasicCredentials("a", "c")
        }

        test("the text has no password, and no error quotes one") {
            BasicCredentials("a", "secret").toString() shouldNotContain "secret"
            shouldThrow<IllegalArgumentException> { BasicCredentials("a:b", "secret") }
                .message!! shouldNotContain "secret"
            shouldThrow<IllegalArgumentException> { BasicCredentials("a", "secret\r\n") }
                .message!! shouldNotContain "secret"
        }

        test("a bearer token is given verbatim") {
            fun token(vararg fields: String): String? {
                val headers = Headers.of(mapOf("Authorization" to fields.asList()))
                return ServerHandshake().upgraded(request(REQUEST_FIELDS + headers)).bearerToken
            }
            token("Bearer mF_9.B5f-4.1JqM") shouldBe "mF_9.B5f-4.1JqM"
            token("bearer a+/==") shouldBe "a+/=="
            token("Bearer").shouldBeNull()
            token("Bearer a b").shouldBeNull()
            token("Basic YTpi").shouldBeNull()
            token("Bearer a", "Bearer b").shouldBeNull()
            token().shouldBeNull()
        }
    })
