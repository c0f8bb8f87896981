package dev.kobahn.protocol.proxy

import dev.kobahn.protocol.hex
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.property.Arb
import io.kotest.property.arbitrary.byte
import io.kotest.property.arbitrary.byteArray
import io.kotest.property.arbitrary.int
import io.kotest.property.checkAll
import java.nio.ByteBuffer

private const val SIGNATURE = "0d0a0d0a 000d0a51 5549540a"

class ProxyHeaderParserTest :
    FunSpec({
        fun v1(line: String) = "$line\r\n".encodeToByteArray()

        /** Parses [header] with data behind it, cut at every place and byte by byte. */
        fun peerIn(header: ByteArray): List<String?> = cuts(header + "data".encodeToByteArray())
            .map { parts ->
                val parser = ProxyHeaderParser()
                val left = StringBuilder()
                for (part in parts) {
                    val input = ByteBuffer.wrap(part)
                    parser.parse(input)
                    while (input.hasRemaining()) left.append(input.get().toInt().toChar())
                }
                left.toString() shouldBe "data"
                (parser.result as ProxyHeaderResult.Complete).peer
            }.distinct()

        fun faultOf(bytes: ByteArray): String {
            val parser = ProxyHeaderParser()
            parser.parse(ByteBuffer.wrap(bytes)) shouldBe true
            return (parser.result as ProxyHeaderResult.Malformed).reason
        }

        test("version 1 names the client, wherever it is cut") {
            peerIn(v1("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443")) shouldBe
                listOf("tcp4:192.0.2.1:56324")
            peerIn(v1("PROXY TCP6 2001:DB8::1 ::1 0 65535")) shouldBe listOf("tcp6:2001:db8::1:0")
            val longest =
                "PROXY TCP6 " + "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ".repeat(2) + "65535 65535"
            v1(longest).size shouldBe 104
            peerIn(v1(longest)) shouldBe
                listOf("tcp6:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:65535")
        }

        test("UNKNOWN of version 1 leaves the peer, whatever follows on its line") {
            peerIn(v1("PROXY UNKNOWN")) shouldBe listOf(null)
            val longest =
                "PROXY UNKNOWN " + "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ".repeat(2) +
                    "65535 65535"
            v1(longest).size shouldBe ProxyHeaderParser.MAX_LINE
            peerIn(v1(longest)) shouldBe listOf(null)
        }

        test("a malformed line of version 1 is refused") {
            val wrong = listOf(
                "PROXY TCP4 192.0.2.1 198.51.100.1 56324",
                "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 1",
                "PROXY  TCP4 192.0.2.1 198.51.100.1 56324 443",
                "PROXY TCP5 192.0.2.1 198.51.100.1 56324 443",
                "PROXY tcp4 192.0.2.1 198.51.100.1 56324 443",
                "PROXY TCP4 192.0.2.256 198.51.100.1 56324 443",
                "PROXY TCP4 ::1 ::1 56324 443",
                "PROXY TCP6 192.0.2.1 ::1 56324 443",
                "PROXY TCP4 localhost 198.51.100.1 56324 443",
                "PROXY TCP4 192.0.2.1 198.51.100.1 65536 443",
                "PROXY TCP4 192.0.2.1 198.51.100.1 056324 443",
                "PROXY TCP4 192.0.2.1 198.51.100.1 -1 443",
                "PROXY TCP4 192.0.2.1 198.51.100.1 1 ",
                "PROXY ",
            )
            for (line in wrong) withClue(line) { faultOf(v1(line)) shouldContain "malformed" }
            faultOf("PROXY UNKNOWN\n".encodeToByteArray()) shouldContain "CRLF"
            faultOf(("PROXY UNKNOWN " + "x".repeat(93)).encodeToByteArray()) shouldContain
                "longer than 107 bytes"
        }

        test("version 2 names the client, wherever it is cut") {
            peerIn(hex("$SIGNATURE 21 11 000c c0000201 c6336401 dc04 01bb")) shouldBe
                listOf("tcp4:192.0.2.1:56324")
            val ipv6 = "20010db8000000000000000000000001" + "00000000000000000000000000000001"
            peerIn(hex("$SIGNATURE 21 21 0024 $ipv6 dc04 01bb")) shouldBe
                listOf("tcp6:2001:db8::1:56324")
            val mapped = "00000000000000000000ffffc0000201".repeat(2)
            peerIn(hex("$SIGNATURE 21 21 0024 $mapped dc04 01bb")) shouldBe
                listOf("tcp4:192.0.2.1:56324")
        }

        test("version 2 names a client on a Unix socket") {
            val path = "/run/a\nb".encodeToByteArray()
            val source = path + ByteArray(108 - path.size)
            peerIn(hex("$SIGNATURE 21 31 00d8") + source + ByteArray(108)) shouldBe
                listOf("unix:/run/a\\u000ab")
        }

        test(
            "type-length-value fields behind the addresses are skipped, up to the longest header",
        ) {
            peerIn(
                hex("$SIGNATURE 21 11 0013 c0000201 c6336401 dc04 01bb 04 0004 00000000"),
            ) shouldBe
                listOf("tcp4:192.0.2.1:56324")
            val longest =
                hex("$SIGNATURE 21 11 ffff c0000201 c6336401 dc04 01bb") + ByteArray(65523)
            val parser = ProxyHeaderParser()
            for (byte in longest.dropLast(1)) {
                parser.parse(ByteBuffer.wrap(byteArrayOf(byte))) shouldBe
                    false
            }
            parser.parse(ByteBuffer.wrap(byteArrayOf(0, 1))) shouldBe true
            (parser.result as ProxyHeaderResult.Complete).peer shouldBe "tcp4:192.0.2.1:56324"
        }

        test("LOCAL leaves the peer, even with an address block and fields") {
            peerIn(hex("$SIGNATURE 20 00 0000")) shouldBe listOf(null)
            peerIn(hex("$SIGNATURE 20 11 000c c0000201 c6336401 dc04 01bb")) shouldBe listOf(null)
            peerIn(hex("$SIGNATURE 20 ff 0003 040000")) shouldBe listOf(null)
        }

        test("an unspecified family leaves the peer") {
            peerIn(hex("$SIGNATURE 21 00 0000")) shouldBe listOf(null)
            peerIn(hex("$SIGNATURE 21 00 0003 040000")) shouldBe listOf(null)
        }

        test("a malformed header of version 2 is refused") {
            val wrong = mapOf(
                "11 11 000c" to "version",
                "22 11 000c" to "command",
                "21 11 000b" to "shorter than its addresses",
                "21 21 0023" to "shorter than its addresses",
                "21 31 00d7" to "shorter than its addresses",
                "21 12 000c" to "no stream",
                "21 41 000c" to "no stream",
            )
            for ((fixed, reason) in wrong) {
                withClue(fixed) { faultOf(hex("$SIGNATURE $fixed")) shouldContain reason }
            }
        }

        test("other bytes are refused as soon as they differ") {
            for (start in listOf(
                "GET / HTTP/1.1\r\n",
                "PROXx",
                "POST /",
                "\r\n\r\n\u0000\r\nQUIX",
                "\u0016\u0003",
            )) {
                faultOf(start.encodeToByteArray()) shouldBe
                    "the connection begins without a PROXY header"
            }
        }

        test("an unfinished header has no result, in any part") {
            val headers = listOf(
                v1("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443"),
                hex("$SIGNATURE 21 11 0010 c0000201 c6336401 dc04 01bb 04 0001 00"),
            )
            for (header in headers) {
                for (length in header.indices) {
                    val parser = ProxyHeaderParser()
                    parser.parse(ByteBuffer.wrap(header, 0, length)) shouldBe false
                    parser.result.shouldBeNull()
                    parser.hasBegun shouldBe (length > 0)
                }
            }
        }

        test("any input is consumed at most up to a result, and nothing is thrown") {
            checkAll(Arb.int(0, 3), Arb.byteArray(Arb.int(0, 300), Arb.byte())) { kind, bytes ->
                val start = listOf("", "50524f585920", "$SIGNATURE 21", "$SIGNATURE 21 11 00")[kind]
                val input = ByteBuffer.wrap(hex(start) + bytes)
                ProxyHeaderParser().parse(input)
            }
        }
    })
