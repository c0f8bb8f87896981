package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.property.Arb
import io.kotest.property.arbitrary.Codepoint
import io.kotest.property.arbitrary.alphanumeric
import io.kotest.property.arbitrary.byte
import io.kotest.property.arbitrary.byteArray
import io.kotest.property.arbitrary.element
import io.kotest.property.arbitrary.int
import io.kotest.property.arbitrary.list
import io.kotest.property.arbitrary.map
import io.kotest.property.arbitrary.of
import io.kotest.property.arbitrary.pair
import io.kotest.property.arbitrary.string
import io.kotest.property.checkAll
import java.nio.ByteBuffer

private const val REQUEST = "GET /chat?a=b HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nX:  a b\t\r\n\r\n"
private const val RESPONSE = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"

class HttpHeadParserTest :
    FunSpec({
        val requestHead =
            RequestHead(
                "GET",
                "/chat?a=b",
                "HTTP/1.1",
                headersOf("Host" to "x", "X-Empty" to "", "X" to "a b"),
            )

        test("a request head is taken up to its empty line and the rest is left") {
            val input = bytes(REQUEST + "rest")
            val parser = RequestHeadParser()
            parser.parse(input) shouldBe true
            input.remaining() shouldBe 4
            parser.parse(input) shouldBe true
            input.remaining() shouldBe 4
            (parser.result as HeadResult.Complete).head shouldBe requestHead
        }

        test("a request head may be cut at every byte") {
            for (cut in 0..REQUEST.length) {
                val parser = RequestHeadParser()
                parser.parse(bytes(REQUEST.take(cut))) shouldBe (cut == REQUEST.length)
                parser.headOf(REQUEST.drop(cut)) shouldBe requestHead
            }
        }

        test("a response head may come byte by byte") {
            val parser = ResponseHeadParser()
            for (char in RESPONSE.dropLast(1)) {
                parser.parse(bytes(char.toString())) shouldBe false
                parser.result.shouldBeNull()
            }
            parser.headOf("\n") shouldBe
                ResponseHead(
                    "HTTP/1.1",
                    101,
                    "Switching Protocols",
                    headersOf("Upgrade" to "websocket"),
                )
        }

        test("a head may have no fields") {
            RequestHeadParser().headOf("GET / HTTP/1.1\r\n\r\n").headers shouldBe Headers.EMPTY
        }

        test("a direct buffer is read like any other") {
            val direct = ByteBuffer.allocateDirect(REQUEST.length)
            direct.put(bytes(REQUEST)).flip()
            RequestHeadParser().parse(direct) shouldBe true
        }

        test("text is ISO-8859-1") {
            val head = RequestHeadParser().headOf("GET / HTTP/1.1\r\nX: \u00e4\u00ff\r\n\r\n")
            head.headers["X"] shouldBe "\u00e4\u00ff"
        }

        test("another HTTP version is read, for the handshake to judge after the method") {
            RequestHeadParser().headOf("PRI * HTTP/2.0\r\n\r\n").version shouldBe "HTTP/2.0"
        }

        context("a malformed request line is refused with 400") {
            vectors(
                "", "GET", "GET /", "GET / ", "GET  / HTTP/1.1", "GET /  HTTP/1.1",
                " GET / HTTP/1.1",
                "GET / HTTP/1.1 ", "GET / a HTTP/1.1", "GET\t/\tHTTP/1.1", "G@T / HTTP/1.1",
                "GET / http/1.1",
                "GET / HTTP/1", "GET / HTTP/11", "GET / HTTP/1.10", "GET / HTTP/x.1",
                "GET /\u00e4 HTTP/1.1",
            ) { line -> RequestHeadParser().faultOf("$line\r\n").status shouldBe 400 }
        }

        context("a malformed status line is refused") {
            vectors(
                "", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 1", "HTTP/1.1 1010 x", "HTTP/1.1 abc",
                "HTTP/1.1 099 x",
                "HTTP/1.1  101", "HTTP/11 101 x", "101 HTTP/1.1", "ICY 200 OK", "HTTP/1.1 +10 x",
            ) { line ->
                ResponseHeadParser().faultOf("$line\r\n").reason shouldContain "status line"
            }
        }

        test("a reason phrase may be empty or missing") {
            ResponseHeadParser().headOf("HTTP/1.1 101 \r\n\r\n").reason shouldBe ""
            ResponseHeadParser().headOf("HTTP/1.0 404\r\n\r\n").status shouldBe 404
            ResponseHeadParser().headOf("HTTP/1.1 200 a  b\r\n\r\n").reason shouldBe "a  b"
        }

        context("a malformed header line is refused with 400") {
            vectors(
                "no colon",
                ": no name",
                "Name : x",
                " Name: x",
                "\tfolded",
                "N@me: x",
                "Näme: x",
                "a b: x",
            ) { line ->
                RequestHeadParser().faultOf(
                    "GET / HTTP/1.1\r\nA: b\r\n$line\r\n\r\n",
                ).status shouldBe
                    400
                ResponseHeadParser().faultOf(
                    "HTTP/1.1 101 x\r\nA: b\r\n$line\r\n\r\n",
                ).status shouldBe
                    400
            }
        }

        context("lines end with CRLF only, and hold no control characters") {
            vectors(
                "GET / HTTP/1.1\n", "GET / HTTP/1.1\rX", "GET / HTTP/1.1\r\r\n",
                "GET / HTTP/1.1\r\nA: b\n",
                "GET / HTTP/1.1\r\nA: b\u0000", "GET /\u000b", "\u0016\u0003\u0001",
                "GET / HTTP/1.1\r\nA: \u007f",
                "\n", "\r\r",
            ) { text ->
                RequestHeadParser().faultOf(text).status shouldBe 400
            }
        }

        test("a control character is refused when it arrives, before its line ends") {
            RequestHeadParser().parse(bytes("\u0016")) shouldBe true
        }

        test("a request line at the limit passes, one byte more is refused with 414") {
            val limits = HeadLimits(maxLineLength = 20)
            RequestHeadParser(limits).headOf("GET /23456 HTTP/1.1\r\n\r\n").target shouldBe "/23456"
            RequestHeadParser(limits).headOf("GET /234567 HTTP/1.1\r\n\r\n").target shouldBe
                "/234567"
            RequestHeadParser(limits).faultOf("GET /2345678 HTTP/1.1").status shouldBe 414
            ResponseHeadParser(limits).faultOf("HTTP/1.1 200 2345678901").status shouldBe 431
        }

        test("a header line at the limit passes, one byte more is refused with 431") {
            val limits = HeadLimits(maxLineLength = 20)
            val start = "GET / HTTP/1.1\r\n"
            RequestHeadParser(
                limits,
            ).headOf(start + "A: 45678901234567890\r\n\r\n").headers.size shouldBe
                1
            RequestHeadParser(limits).faultOf(start + "A: 456789012345678901").status shouldBe 431
        }

        test("a head at the limit passes, one byte more is refused with 431") {
            val size = REQUEST.length
            RequestHeadParser(HeadLimits(maxHeadSize = size)).headOf(REQUEST) shouldBe requestHead
            RequestHeadParser(HeadLimits(maxHeadSize = size - 1)).faultOf(REQUEST).status shouldBe
                431
        }

        test("as many headers as allowed pass, one more is refused with 431") {
            RequestHeadParser(HeadLimits(maxHeaders = 3)).headOf(REQUEST) shouldBe requestHead
            RequestHeadParser(HeadLimits(maxHeaders = 2)).faultOf(REQUEST).status shouldBe 431
        }

        test("bytes after a fault are not consumed") {
            val parser = RequestHeadParser()
            val input = bytes("GET\n\u0000more")
            parser.parse(input) shouldBe true
            input.remaining() shouldBe 5
            parser.faultOf("GET / HTTP/1.1\r\n\r\n").toResponse().status shouldBe 400
        }

        context("limits must be positive") {
            vectors(0, -1) { limit ->
                shouldThrow<IllegalArgumentException> { HeadLimits(maxLineLength = limit) }
                    .message shouldContain "maxLineLength"
                shouldThrow<IllegalArgumentException> { HeadLimits(maxHeadSize = limit) }
                    .message shouldContain "maxHeadSize"
                shouldThrow<IllegalArgumentException> { HeadLimits(maxHeaders = limit) }
                    .message shouldContain "maxHeaders"
            }
        }

        test("random bytes never throw, and end in a result or are all taken") {
            checkAll(2_000, Arb.byteArray(Arb.int(0..300), Arb.byte())) { bytes ->
                for (parser in listOf(RequestHeadParser(), ResponseHeadParser())) {
                    val input = ByteBuffer.wrap(bytes)
                    parser.parse(input) shouldBe (parser.result != null)
                    if (parser.result == null) input.hasRemaining() shouldBe false
                }
            }
        }

        test("heads with random lines never throw") {
            val pieces =
                "GET ,/, HTTP/1.1,\r\n,\r,\n,A,:, ,\t,\u00e4,HTTP/1.1 ,101".split(',')
            checkAll(5_000, Arb.list(Arb.element(pieces), 0..40)) { parts ->
                val text = parts.joinToString("")
                RequestHeadParser().let { it.parse(bytes(text)) shouldBe (it.result != null) }
                ResponseHeadParser().let { it.parse(bytes(text)) shouldBe (it.result != null) }
            }
        }

        test("random valid heads survive being written and read in pieces of any size") {
            val name = Arb.string(1..12, Codepoint.alphanumeric())
            val value = Arb.string(
                0..30,
                Arb.of((0x20..0x7E).toList() + 0xE4 + 0x09).map {
                    Codepoint(it)
                },
            )
            val fields = Arb.list(Arb.pair(name, value), 0..8)
            checkAll(500, fields, name, value, Arb.int(1..40)) { pairs, path, reason, step ->
                val headers = headersOf(*pairs.toTypedArray())
                val request = RequestHead("GET", "/$path", "HTTP/1.1", headers)
                readInPieces(RequestHeadParser(), request.toBytes(), step) shouldBe request
                val response = ResponseHead("HTTP/1.1", 404, HttpGrammar.trim(reason), headers)
                readInPieces(ResponseHeadParser(), response.toBytes(), step) shouldBe response
            }
        }
    })

private fun <H : Any> readInPieces(parser: HttpHeadParser<H>, bytes: ByteArray, step: Int): H {
    for (start in bytes.indices step step) {
        parser.parse(ByteBuffer.wrap(bytes, start, minOf(step, bytes.size - start)))
    }
    return parser.headOf("")
}
