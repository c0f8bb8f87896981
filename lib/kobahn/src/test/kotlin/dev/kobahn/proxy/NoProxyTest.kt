package dev.kobahn.proxy

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.string
import io.kotest.property.checkAll

class NoProxyTest :
    FunSpec({
        fun check(list: String, matched: List<String>, others: List<String>) {
            val rules = NoProxy.parse(list)
            fun matches(place: String) =
                rules.matches(place.substringBeforeLast('|'), place.substringAfterLast('|').toInt())
            matched.map { if ('|' in it) it else "$it|80" }.filterNot(::matches).shouldBeEmpty()
            others.map { if ('|' in it) it else "$it|80" }.filter(::matches).shouldBeEmpty()
        }

        test("a star matches every host") {
            check("*", listOf("a.example", "192.0.2.1", "::1"), emptyList())
        }

        test("a name matches itself and the names below it") {
            check(
                "example.com",
                listOf("example.com", "EXAMPLE.com", "example.com.", "a.b.example.com"),
                listOf("badexample.com", "example.com.org", "com"),
            )
        }

        test("a suffix with a dot matches only the names below it") {
            for (entry in listOf(".example.com", "*.example.com")) {
                check(entry, listOf("a.example.com"), listOf("example.com", "badexample.com"))
            }
        }

        test("an address matches itself, in every form of its text") {
            check(
                "192.0.2.7, ::1,[2001:db8::7]",
                listOf(
                    "192.0.2.7",
                    "::1",
                    "0:0:0:0:0:0:0:1",
                    "[::1]",
                    "2001:DB8::7",
                    "::ffff:192.0.2.7",
                ),
                listOf("192.0.2.70", "::2", "7"),
            )
        }

        test("a range matches its addresses, and no names") {
            check(
                "10.0.0.0/8 fc00::/7",
                listOf("10.1.2.3", "fd00::1"),
                listOf("11.0.0.1", "fe80::1", "10.example", "10.0.0.1%.example", "10.0.0.1%2e.a"),
            )
        }

        test("the zone of an IPv6 address does not count") {
            check("fe80::/10", listOf("fe80::1%eth0", "[fe80::1%2]"), listOf("fd00::1%eth0"))
        }

        test("an entry with a port matches on that port only") {
            check(
                "a.example:8080,.b.example:1,192.0.2.7:443,[::1]:443",
                listOf(
                    "a.example|8080",
                    "x.a.example|8080",
                    "x.b.example|1",
                    "192.0.2.7|443",
                    "::1|443",
                ),
                listOf("a.example|80", "x.b.example|2", "192.0.2.7|80", "::1|80"),
            )
        }

        test("malformed entries match nothing, and the others count") {
            check(
                "a b/c,:80,[,10.0.0.0/99,,good.example",
                listOf("good.example"),
                listOf("c", "10.0.0.0"),
            )
            NoProxy.parse("").matches("a", 80) shouldBe false
            NoProxy.NONE.matches("localhost", 80) shouldBe false
        }

        test("loopback is this machine") {
            val rules = listOf("localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1")
            rules.filterNot { NoProxy.LOOPBACK.matches(it, 80) }.shouldBeEmpty()
            NoProxy.LOOPBACK.matches("localhost.example", 80) shouldBe false
        }

        test("any list is read, and none throws") {
            checkAll(Arb.string(0..60), Arb.string(0..20)) { list, host ->
                NoProxy.parse(list).matches(host, 80)
            }
        }
    })
