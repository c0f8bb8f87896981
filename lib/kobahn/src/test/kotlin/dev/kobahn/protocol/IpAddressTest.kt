package dev.kobahn.protocol

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.byte
import io.kotest.property.arbitrary.byteArray
import io.kotest.property.arbitrary.constant
import io.kotest.property.checkAll
import java.net.InetAddress

class IpAddressTest :
    FunSpec({
        test("addresses have the bytes that the JDK gives them") {
            val texts = listOf(
                "127.0.0.1",
                "0.0.0.0",
                "255.255.255.255",
                "::",
                "::1",
                "1::",
                "2001:db8::8:800:200c:417a",
                "2001:DB8:0:0:8:800:200C:417A",
                "fe80::1:2:3:4",
                "::ffff:192.0.2.1",
                "64:ff9b::192.0.2.33",
                "1:2:3:4:5:6:192.0.2.1",
            )
            for (text in texts) {
                IpAddress.parse(text)?.toHex() shouldBe InetAddress.getByName(text).address.toHex()
            }
        }

        test("names and malformed addresses are no addresses") {
            val wrong = listOf(
                "", "localhost", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.", "01.2.3.4",
                "1.2.3.4 ", "1..2.3", "-1.2.3.4", "+1.2.3.4", "0x7f.0.0.1", "1.2.3.1000", ":", ":1",
                "1:", ":::",
                "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
                "12345::", "g::",
                "1.2.3.4::", "::1.2.3.4:1", "::1.2.3", "fe80::1%eth0", "[::1]", "::٣",
                "1:2:3:4:5:6:7:1.2.3.4",
            )
            wrong.filter { IpAddress.parse(it) != null }.shouldBeEmpty()
        }

        test("every address is read from its shortest text") {
            for (size in listOf(4, 16)) {
                checkAll(Arb.byteArray(Arb.constant(size), Arb.byte())) { bytes ->
                    IpAddress.parse(IpAddress.format(bytes))?.toHex() shouldBe bytes.toHex()
                }
            }
        }

        test("an IPv6 address is shortened at its longest run of zeros") {
            fun shortest(text: String) = IpAddress.format(InetAddress.getByName(text).address)
            shortest("2001:db8:0:0:1:0:0:1") shouldBe "2001:db8::1:0:0:1"
            shortest("2001:db8:0:1:1:1:1:1") shouldBe "2001:db8:0:1:1:1:1:1"
            shortest("::") shouldBe "::"
        }

        test("a range contains the addresses that begin like it, of its own family") {
            val range = IpRange.parse("10.8.0.0/13")
            fun isIn(text: String) = range.contains(IpAddress.parse(text)!!)
            isIn("10.8.0.0") shouldBe true
            isIn("10.15.255.255") shouldBe true
            isIn("::ffff:10.9.0.1") shouldBe true
            isIn("10.16.0.0") shouldBe false
            isIn("a08::") shouldBe false
            IpRange.parse("::/0").contains(IpAddress.parse("::1")!!) shouldBe true
        }

        test("a malformed range is refused with the reason") {
            shouldThrow<IllegalArgumentException> { IpRange.parse("10.0.0.0/33") }
                .message shouldBe "\"10.0.0.0/33\" has no length in 0..32"
            shouldThrow<IllegalArgumentException> { IpRange.parse("localhost") }
                .message shouldBe "\"localhost\" is no address or range"
            IpRange.parseOrNull("10.0.0.0/").shouldBeNull()
        }
    })
