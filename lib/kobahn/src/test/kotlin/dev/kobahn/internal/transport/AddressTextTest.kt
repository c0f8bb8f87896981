package dev.kobahn.internal.transport

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.SocketAddress

internal class AddressTextTest :
    FunSpec({
        test("an IPv4 address is named tcp4") {
            InetSocketAddress(InetAddress.getByName("127.0.0.1"), 9000).toText() shouldBe
                "tcp4:127.0.0.1:9000"
        }

        test("an unresolved address is named by its host") {
            InetSocketAddress.createUnresolved("example.com", 80).toText() shouldBe
                "tcp:example.com:80"
        }

        for ((address, name) in listOf(
            "203.0.113.7" to "tcp4:203.0.113.7:80",
            "[0:0:0:0:0:0:0:1]" to "tcp6:::1:80",
            "2001:DB8::A" to "tcp6:2001:db8::a:80",
            "fe80::1%eth0" to "tcp6:fe80::1%eth0:80",
            "::ffff:10.0.0.1" to "tcp4:10.0.0.1:80",
            "example.com" to "tcp:example.com:80",
            "a\nb" to "tcp:a\\u000ab:80",
        )) {
            test("the address ${name.removeSuffix(":80")} may come as text") {
                addressText(address, 80) shouldBe name
            }
        }

        test("any other address is that of a Unix socket") {
            val address = object : SocketAddress() {
                override fun toString() = "/run/kobahn"
            }
            address.toText() shouldBe "unix:/run/kobahn"
        }

        for ((long, short) in listOf(
            "0:0:0:0:0:0:0:1" to "::1",
            "0:0:0:0:0:0:0:0" to "::",
            "2001:db8:0:0:1:0:0:1" to "2001:db8::1:0:0:1",
            "2001:db8:0:1:1:1:1:1" to "2001:db8:0:1:1:1:1:1",
            "1:0:0:2:0:0:0:3" to "1:0:0:2::3",
            "1:2:3:4:5:6:0:0" to "1:2:3:4:5:6::",
            "2001:DB8::A" to "2001:db8::a",
        )) {
            test("the IPv6 address $long is shortened to $short") {
                InetSocketAddress(InetAddress.getByName(long), 9).toText() shouldBe "tcp6:$short:9"
            }
        }
    })
