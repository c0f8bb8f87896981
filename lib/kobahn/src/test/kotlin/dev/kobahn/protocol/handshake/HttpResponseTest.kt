package dev.kobahn.protocol.handshake

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class HttpResponseTest :
    FunSpec({
        test("an answer says how long it is and that the connection ends") {
            HttpResponse(404).text() shouldBe
                "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        }

        test("close is added to the connection options given") {
            HttpResponse(426, headers = UPGRADE).text() shouldBe
                "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n" +
                "Connection: Upgrade, close\r\nContent-Length: 0\r\n\r\n"
        }

        test("the length of a page counts bytes") {
            HttpResponse.html("<p>ä").text() shouldBe
                "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n" +
                "Connection: close\r\nContent-Length: 5\r\n\r\n<p>Ã¤"
        }

        test("text keeps a content type and a status given") {
            val json = headersOf("content-type" to "application/json")
            HttpResponse.text("{}").withStatus(503).withHeaders(json).text() shouldBe
                "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n" +
                "Connection: close\r\nContent-Length: 2\r\n\r\n{}"
        }

        test("a redirect names its target") {
            HttpResponse.redirect("http://x/").text() shouldBe
                "HTTP/1.1 303 See Other\r\nLocation: http://x/\r\n" +
                "Connection: close\r\nContent-Length: 0\r\n\r\n"
            shouldThrow<IllegalArgumentException> { HttpResponse.redirect("http://x/", 200) }
            shouldThrow<IllegalArgumentException> { HttpResponse.redirect("http://x/\r\nA: b") }
        }

        test("a status without a body has no length either") {
            HttpResponse(204).text() shouldBe "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
            shouldThrow<IllegalArgumentException> { HttpResponse(204, body = ByteArray(1)) }
        }

        test("a Server field is added unless there is none to add or one already") {
            val response = HttpResponse(404)
            response.withServer("S").headers shouldBe headersOf("Server" to "S")
            response.withServer("S").withServer("T").headers shouldBe headersOf("Server" to "S")
            response.withServer(null).headers shouldBe Headers.EMPTY
            response.withServer("").headers shouldBe Headers.EMPTY
        }

        context("only a final status can be answered") {
            vectors(0, 101, 199, 600) { status ->
                shouldThrow<IllegalArgumentException> { HttpResponse(status) }
            }
        }

        context("the encoder alone writes the length") {
            vectors("Content-Length", "transfer-encoding") { name ->
                shouldThrow<IllegalArgumentException> {
                    HttpResponse(200, headers = headersOf(name to "1"))
                }
            }
        }

        test("a reason with a line break is an error") {
            shouldThrow<IllegalArgumentException> { HttpResponse(403, "no\r\nSet-Cookie: a=b") }
        }

        test("a status without a standard phrase has an empty one") {
            HttpResponse(599).text() shouldBe
                "HTTP/1.1 599 \r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        }

        test("the response to HEAD has the length of the body, but not the body") {
            val page = HttpResponse.text("hello")
            String(page.toBytes("HEAD")) shouldBe
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n" +
                "Connection: close\r\nContent-Length: 5\r\n\r\n"
            String(page.toBytes("GET")) shouldBe page.text()
        }
    })
