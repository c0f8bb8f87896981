package dev.kobahn.protocol.proxy

import dev.kobahn.protocol.handshake.HeadLimits
import dev.kobahn.protocol.handshake.headersOf
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.property.Arb
import io.kotest.property.arbitrary.byte
import io.kotest.property.arbitrary.byteArray
import io.kotest.property.arbitrary.int
import io.kotest.property.checkAll

class HttpConnectTest :
    FunSpec({
        fun converse(dialogue: ProxyDialogue, answer: String) =
            Conversation(dialogue, listOf(answer.encodeToByteArray()))

        test("CONNECT carries Host, User-Agent and the fields for the proxy, and nothing else") {
            HttpConnect("[2001:db8::1]:443", "Kobahn", headersOf("X-Team" to "7"))
                .opening.decodeToString() shouldBe
                "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n" +
                "User-Agent: Kobahn\r\nX-Team: 7\r\n\r\n"
            HttpConnect("a.example:80", userAgent = null).opening.decodeToString() shouldBe
                "CONNECT a.example:80 HTTP/1.1\r\nHost: a.example:80\r\n\r\n"
        }

        test("credentials are in the first request as Basic") {
            HttpConnect("a:80", null, credentials = ProxyCredentials("Aladdin", "open sesame"))
                .opening.decodeToString() shouldContain
                "\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"
        }

        test("any 2xx opens the tunnel, wherever the answer is cut, with HTTP/1.0 too") {
            for (head in listOf("HTTP/1.1 200 OK", "HTTP/1.0 200 Established", "HTTP/1.1 204")) {
                // The length means nothing in the answer to CONNECT (RFC 9110 section 9.3.6).
                val answer = "$head\r\nContent-Length: 5\r\n\r\n".encodeToByteArray()
                for (parts in cuts(answer)) {
                    Conversation(HttpConnect("a:80", null), parts).last shouldBe ProxyStep.Open
                }
            }
        }

        test("interim answers come before the answer") {
            converse(
                HttpConnect("a:80", null),
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
            ).last shouldBe ProxyStep.Open
        }

        test("a byte behind the 2xx head is refused") {
            converse(
                HttpConnect("a:80", null),
                "HTTP/1.1 200 OK\r\n\r\n!",
            ).refusal.reason shouldContain
                "data follows the answer 200"
        }

        test("a refusal has status, fields and body, wherever it is cut") {
            val answer = "HTTP/1.1 403 Forbidden\r\nX-Why: rules\r\nContent-Length: 5\r\n\r\nsorry"
            for (parts in cuts(answer.encodeToByteArray())) {
                val refusal = Conversation(HttpConnect("a:80", null), parts).refusal
                refusal.status shouldBe 403
                refusal.headers["X-Why"] shouldBe "rules"
                refusal.body.decodeToString() shouldBe "sorry"
                refusal.reason shouldContain "answered 403 Forbidden; it may allow"
            }
        }

        test("the body of a refusal is bounded") {
            val body = "x".repeat(100_000)
            val head = "HTTP/1.1 502 Bad Gateway\r\n\r\n"
            converse(HttpConnect("a:80", null), head + body).refusal.body.size shouldBe 64 * 1024
        }

        test("a refusal without a length ends with the transport") {
            val dialogue = HttpConnect("a:80", null)
            converse(dialogue, "HTTP/1.1 503 Later\r\n\r\nbusy").last shouldBe ProxyStep.More
            dialogue.partialRefusal?.status shouldBe 503
            dialogue.partialRefusal?.body?.decodeToString() shouldBe "busy"
            dialogue.refusalAtEnd.status shouldBe 503
            dialogue.refusalAtEnd.body.decodeToString() shouldBe "busy"
        }

        test("an answer that is not HTTP, or another version, or above the limits, is refused") {
            converse(HttpConnect("a:80", null), "SSH-2.0-OpenSSH\r\n").refusal.reason shouldContain
                "the answer is not HTTP: malformed status line"
            converse(HttpConnect("a:80", null), "HTTP/2.0 200 OK\r\n\r\n").refusal.reason shouldBe
                "the answer is not HTTP/1.1"
            val limits = HeadLimits(100, 200, 5)
            converse(
                HttpConnect("a:80", null, limits = limits),
                "HTTP/1.1 200 OK\r\nX: " + "x".repeat(200),
            ).refusal.reason shouldBe "the answer is larger than headLimits allows: " +
                "a header line is longer than 100 bytes"
        }

        test("a proxy that ends the transport without an answer is refused") {
            HttpConnect("a:80", null).refusalAtEnd.reason shouldContain "without an answer"
        }

        context("credentials on request") {
            fun dialogue() = HttpConnect(
                "a:80",
                null,
                credentials = ProxyCredentials("u", "p"),
                sendsAtOnce = false,
            )

            val challenge = "Proxy-Authenticate: Digest realm=\"x\", Basic realm=\"y\"\r\n"

            test("are not in the first request") {
                dialogue().opening.decodeToString() shouldBe
                    "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"
            }

            test("follow a 407 with a delimited body on the same transport, wherever it is cut") {
                val answers =
                    "HTTP/1.1 407 Auth\r\n${challenge}Content-Length: 3\r\n\r\nwhoHTTP/1.1 200 OK\r\n\r\n"
                for (parts in cuts(answers.encodeToByteArray())) {
                    val conversation = Conversation(dialogue(), parts)
                    conversation.sent.single().decodeToString() shouldBe
                        "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n" +
                        "Proxy-Authorization: Basic dTpw\r\n\r\n"
                    conversation.last shouldBe ProxyStep.Open
                }
            }

            test("need a new connection if the proxy ends this one in its answer, or after it") {
                val inBody = dialogue()
                converse(
                    inBody,
                    "HTTP/1.1 407 Auth\r\n${challenge}Content-Length: 500\r\n\r\nwho",
                ).last shouldBe ProxyStep.More
                // A stall here is a matter of time, not of the status.
                inBody.partialRefusal shouldBe null
                inBody.end() shouldBe ProxyStep.Reconnect
                val behind = dialogue()
                converse(
                    behind,
                    "HTTP/1.1 407 Auth\r\n${challenge}Content-Length: 3\r\n\r\nwho",
                ).sent.size shouldBe 1
                behind.end() shouldBe ProxyStep.Reconnect
                converse(behind, "H")
                behind.refusalAtEnd.reason shouldContain "without an answer"
            }

            test("need a new connection if the proxy closes this one, or its body has no end") {
                for (fields in listOf(
                    "Content-Length: 0\r\nConnection: close\r\n",
                    "Content-Length: 0\r\nProxy-Connection: close\r\n",
                    "Content-Length: 70000\r\n",
                )) {
                    val head = "HTTP/1.1 407 Auth\r\n$challenge$fields\r\n"
                    converse(dialogue(), head + "x".repeat(65536)).last shouldBe
                        ProxyStep.Reconnect
                }
                converse(dialogue(), "HTTP/1.0 407 Auth\r\n${challenge}Content-Length: 0\r\n\r\n")
                    .last shouldBe ProxyStep.Reconnect
                // tinyproxy's: the body ends with the connection, and is not waited for.
                converse(dialogue(), "HTTP/1.1 407 Auth\r\n$challenge\r\nsor")
                    .last shouldBe ProxyStep.Reconnect
            }

            test("are sent once only") {
                val again = "HTTP/1.1 407 Auth\r\n${challenge}Content-Length: 0\r\n\r\n"
                val conversation = converse(dialogue(), again + again)
                conversation.sent.size shouldBe 1
                conversation.refusal.reason shouldContain "407 Auth; check user and password"
            }

            test("are not sent to a proxy that does not ask for Basic") {
                val digest = "Proxy-Authenticate: Digest realm=\"Basic\"\r\nContent-Length: 0\r\n"
                val conversation = converse(dialogue(), "HTTP/1.1 407 Auth\r\n$digest\r\n")
                conversation.last.shouldBeInstanceOf<ProxyStep.Refused>()
                conversation.refusal.reason shouldContain "something else than Basic"
            }
        }

        test("a 407 without credentials says what is missing") {
            converse(HttpConnect("a:80", null), "HTTP/1.1 407 A\r\nContent-Length: 0\r\n\r\n")
                .refusal.reason shouldBe "answered 407 A; it asks for user and password"
        }

        test("any answer ends in a step, and none throws") {
            checkAll(Arb.int(0, 3), Arb.byteArray(Arb.int(0, 200), Arb.byte())) { kind, bytes ->
                val start = listOf(
                    "",
                    "HTTP/1.1 ",
                    "HTTP/1.1 407 x\r\n",
                    "HTTP/1.1 200 OK\r\n",
                )[kind]
                val dialogue =
                    HttpConnect(
                        "a:80",
                        null,
                        credentials = ProxyCredentials("u", "p"),
                        sendsAtOnce = false,
                    )
                Conversation(dialogue, listOf(start.encodeToByteArray() + bytes))
                dialogue.end()
            }
        }
    })
