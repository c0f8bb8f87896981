package dev.kobahn.protocol.handshake

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe

class RequestHeadTest :
    FunSpec({
        test("a request head is written line by line") {
            val head = RequestHead("GET", "/a?b", "HTTP/1.1", headersOf("Host" to "x", "A" to "ä"))
            head.toBytes() shouldBe
                "GET /a?b HTTP/1.1\r\nHost: x\r\nA: ä\r\n\r\n".toByteArray(Charsets.ISO_8859_1)
            head.toString() shouldBe "GET /a?b HTTP/1.1 [Host: x, A: ä]"
        }

        test("a response head is written line by line") {
            val head = ResponseHead("HTTP/1.1", 404, "Not Found", headersOf("A" to "b"))
            String(head.toBytes()) shouldBe "HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n"
            head.toString() shouldBe "HTTP/1.1 404 Not Found [A: b]"
        }

        context("no part of a request can split its line") {
            vectors(
                Triple("GE T", "/", "HTTP/1.1"),
                Triple("GET\r\n", "/", "HTTP/1.1"),
                Triple("", "/", "HTTP/1.1"),
                Triple("GET", "", "HTTP/1.1"),
                Triple("GET", "/ HTTP/1.1\r\nX: y", "HTTP/1.1"),
                Triple("GET", "/a b", "HTTP/1.1"),
                Triple("GET", "/", "HTTP/1.1\r\nX: y"),
                Triple("GET", "/", ""),
            ) { (method, target, version) ->
                shouldThrow<IllegalArgumentException> {
                    RequestHead(method, target, version, Headers.EMPTY)
                }
            }
        }

        context("no part of a response can split its line") {
            vectors(
                Triple("HTTP/1.1\r\n", 200, "OK"),
                Triple("HTTP/1.1", 99, "OK"),
                Triple("HTTP/1.1", 1000, "OK"),
                Triple("HTTP/1.1", 200, "OK\r\nX: y"),
                Triple("HTTP/1.1", 200, "€"),
            ) { (version, status, reason) ->
                shouldThrow<IllegalArgumentException> {
                    ResponseHead(version, status, reason, Headers.EMPTY)
                }
            }
        }

        test("heads are equal by their parts") {
            val request = RequestHead("GET", "/", "HTTP/1.1", headersOf("A" to "b"))
            request shouldBe RequestHead("GET", "/", "HTTP/1.1", headersOf("a" to "b"))
            request.hashCode() shouldBe
                RequestHead("GET", "/", "HTTP/1.1", headersOf("a" to "b")).hashCode()
            request shouldNotBe RequestHead("PUT", "/", "HTTP/1.1", headersOf("A" to "b"))
            val response = ResponseHead("HTTP/1.1", 200, "OK", Headers.EMPTY)
            response.hashCode() shouldBe
                ResponseHead("HTTP/1.1", 200, "OK", Headers.EMPTY).hashCode()
            response shouldNotBe ResponseHead("HTTP/1.1", 201, "OK", Headers.EMPTY)
        }
    })
