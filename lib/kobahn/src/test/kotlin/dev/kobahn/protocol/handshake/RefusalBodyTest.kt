package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.proxy.cuts
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

class RefusalBodyTest :
    FunSpec({
        fun body(vararg fields: Pair<String, String>, status: Int = 403) =
            RefusalBody(ResponseHead("HTTP/1.1", status, "No", headersOf(*fields)))

        fun chunked() = body("Transfer-Encoding" to "chunked", "Content-Length" to "1")

        fun RefusalBody.add(text: String) = add(ByteBuffer.wrap(text.encodeToByteArray()))

        test("a length ends the body, and bytes behind it do not belong to it") {
            val body = body("Content-Length" to "3")
            body.isDelimited shouldBe true
            body.add("no") shouldBe false
            body.add("!?") shouldBe true
            body.bytes.decodeToString() shouldBe "no!"
        }

        test("a length that is no number of digits is none") {
            for (length in listOf("+3", "-3", "3, 3", "0x3", "9".repeat(30))) {
                body("Content-Length" to length).isDelimited shouldBe false
            }
        }

        test("a body without a length ends with the transport, or at the limit") {
            val body = body()
            body.isDelimited shouldBe false
            body.add("x".repeat(65_535)) shouldBe false
            body.add("yz") shouldBe true
            body.bytes.size shouldBe 65_536
        }

        test("the last chunk ends a chunked body, wherever it is cut") {
            for (text in listOf(
                "3\r\nabc\r\n0A;name=\"x\"\r\n0123456789\r\n0\r\n\r\n",
                "d\nabc0123456789\n0\n\n",
                "D\r\nabc0123456789\r\n00\r\nTrailer: 0\r\nOther: x\r\n\r\n",
            )) {
                for (parts in cuts(text.encodeToByteArray())) {
                    val body = chunked()
                    val isDone = parts.map { body.add(ByteBuffer.wrap(it)) }
                    isDone.last() shouldBe true
                    isDone.count { it } shouldBeLessThan 3
                    body.bytes.decodeToString() shouldBe "abc0123456789"
                }
                chunked().add(text.dropLast(1)) shouldBe false
            }
        }

        test("bytes behind the last chunk do not belong to the body") {
            val input = ByteBuffer.wrap("1\r\na\r\n0\r\n\r\nrest".encodeToByteArray())
            chunked().add(input) shouldBe true
            input.remaining() shouldBe 4
        }

        test("a malformed chunk ends the body with the bytes so far") {
            for (wrong in listOf("x", "\r\n", "-1\r\n", "ffffffffffffffff\r\n", "1\r\nab")) {
                val body = chunked()
                body.add("2\r\nok\r\n$wrong") shouldBe true
                body.bytes.decodeToString().take(2) shouldBe "ok"
            }
        }

        test("chunks are bounded in bytes, and so are their sizes and trailers") {
            val large = chunked()
            large.add("7fffffff\r\n" + "x".repeat(65_536)) shouldBe true
            large.bytes.size shouldBe 65_536
            for (endless in listOf(
                "1;" + "x".repeat(70_000),
                "0\r\n" + "a: b\r\n".repeat(12_000),
            )) {
                chunked().add(endless) shouldBe true
            }
        }

        test("an encoding that does not end in chunked ends with the transport") {
            body("Transfer-Encoding" to "gzip").add("0\r\n\r\n") shouldBe false
            body("Transfer-Encoding" to "gzip, Chunked").add("0\r\n\r\n") shouldBe true
        }
    })
