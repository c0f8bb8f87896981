package dev.kobahn.internal.client

import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.RequestHead
import dev.kobahn.protocol.handshake.ResponseHead
import dev.kobahn.protocol.handshake.headersOf
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain

private fun remedy(
    status: Int,
    answered: Headers = Headers.EMPTY,
    asked: Headers = Headers.EMPTY,
    body: String = "",
): String? = Remedy.of(
    RequestHead("GET", "/", "HTTP/1.1", asked),
    ResponseHead("HTTP/1.1", status, "", answered),
    body.encodeToByteArray(),
)

class RemedyTest :
    FunSpec({
        test("each usual mistake has its remedy") {
            remedy(200).shouldNotBeNull() shouldContain "check the path"
            remedy(404).shouldNotBeNull() shouldContain "check the path"
            remedy(401).shouldNotBeNull() shouldContain "basicAuth or bearerAuth"
            remedy(401, asked = headersOf("Authorization" to "Basic YTpi"))
                .shouldNotBeNull() shouldContain "does not accept the credentials"
            remedy(403).shouldNotBeNull() shouldContain "demand an origin"
            remedy(403, asked = headersOf("Origin" to "http://a"))
                .shouldNotBeNull() shouldContain "check the origin"
            remedy(426, headersOf("Sec-WebSocket-Version" to "13, 8"))
                .shouldNotBeNull() shouldContain "version 13, 8"
            remedy(426, headersOf("Upgrade" to "websocket"))
                .shouldNotBeNull() shouldContain "a proxy on the way"
            remedy(426, headersOf("Upgrade" to "h2")).shouldNotBeNull() shouldContain
                "another protocol"
            remedy(429).shouldNotBeNull() shouldContain "later"
            remedy(503).shouldNotBeNull() shouldContain "later"
        }

        test("an answer that is no usual mistake has no remedy") {
            listOf(101, 204, 301, 400, 418, 500).forEach { remedy(it).shouldBeNull() }
        }

        test("a redirect names the option that follows it, and no secrets") {
            remedy(302, headersOf("Location" to "ws://b/c?token=secret")) shouldBe
                "maxRedirects would let the client follow the redirect to ws://b/c"
            remedy(302, headersOf("Location" to "ws://b/c#id_token=secret?")) shouldBe
                "maxRedirects would let the client follow the redirect to ws://b/c"
            remedy(302, headersOf("Location" to "ws://a:secret@b/"))
                .shouldNotBeNull() shouldNotContain "secret"
            remedy(302, headersOf("Location" to "/" + "a".repeat(10_000)))
                .shouldNotBeNull().length shouldBe 65
        }

        test("a port that wants TLS is told by the answers of common servers") {
            for (body in listOf(
                "<center>The plain HTTP request was sent to HTTPS port</center>",
                "Client sent an HTTP request to an HTTPS server.\n",
                "Reason: You're speaking plain HTTP to an SSL-enabled server port.",
            )) {
                remedy(400, body = body).shouldNotBeNull() shouldContain "wss"
            }
        }

        test("the first bytes tell TLS and HTTP/2") {
            fun said(hex: String) = Remedy.ofBytes(hex.filterNot { it == ' ' }.hexToByteArray())
            said("15 03 03 00 02").shouldNotBeNull() shouldContain "wss"
            said("16 03 01 00 02").shouldNotBeNull() shouldContain "wss"
            said("00 00 12 04 00").shouldNotBeNull() shouldContain "HTTP/2"
            said("15").shouldBeNull()
            said("").shouldBeNull()
            said("53 53 48 2d 32").shouldBeNull()
        }
    })
