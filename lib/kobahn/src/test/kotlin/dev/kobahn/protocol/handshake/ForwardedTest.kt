package dev.kobahn.protocol.handshake

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.Codepoint
import io.kotest.property.arbitrary.element
import io.kotest.property.arbitrary.string
import io.kotest.property.checkAll

class ForwardedTest :
    FunSpec({
        test("every element has the node of its for") {
            val values = mapOf(
                "for=192.0.2.43" to listOf("192.0.2.43"),
                "For=192.0.2.43, for=198.51.100.17" to listOf("192.0.2.43", "198.51.100.17"),
                "for=192.0.2.60;proto=http;by=203.0.113.43" to listOf("192.0.2.60"),
                "by=203.0.113.43;for=192.0.2.60;;host=\"a, b; c\"" to listOf("192.0.2.60"),
                "for=\"192.0.2.43:47011\"" to listOf("192.0.2.43:47011"),
                "for=\"[2001:db8:cafe::17]:4711\"" to listOf("[2001:db8:cafe::17]:4711"),
                "FOR=\"[2001:db8::1]\"" to listOf("[2001:db8::1]"),
                "for=unknown, for=_hidden, for=\"_SEVKISEK:_p0rt\"" to
                    listOf("unknown", "_hidden", "_SEVKISEK:_p0rt"),
                "for=\"192.0.2.4\\3\"" to listOf("192.0.2.43"),
                "for=\"\"" to listOf(null),
                "proto=https, for=192.0.2.1" to listOf(null, "192.0.2.1"),
                "for=192.0.2.1 ; proto=http , for=192.0.2.2" to listOf("192.0.2.1", "192.0.2.2"),
                " , for=192.0.2.1,, " to listOf("192.0.2.1"),
                "" to emptyList(),
            )
            for ((value, nodes) in values) withClue(value) { Forwarded.nodes(value) shouldBe nodes }
        }

        test("a malformed node is none, but its element counts") {
            val wrong = listOf(
                "a.example", "\"192.0.2.256\"", "\"192.0.2.1:70000\"", "\"192.0.2.1:\"",
                "\"[192.0.2.1]\"",
                "\"2001:db8::1\"", "\"[2001:db8::1\"", "\"[2001:db8::1]x\"", "_", "\"_a b\"",
            )
            for (node in wrong) {
                withClue(node) {
                    Forwarded.nodes("for=$node, for=192.0.2.1") shouldBe
                        listOf(null, "192.0.2.1")
                }
            }
        }

        test("a field that breaks the grammar has no elements at all") {
            val wrong = listOf(
                "for=\"192.0.2.1", "for=\"a\\", "for", "for=", "=192.0.2.1",
                "for=192.0.2.1 for=192.0.2.2",
                "for=192.0.2.1;for=192.0.2.2", "for=2001:db8::1", "for =192.0.2.1",
                "for= 192.0.2.1",
                // A client has opened a quotation mark to swallow the element of the proxy.
                "for=\"10.0.0.1, for=\"[2001:db8::1]\"", "for=\"10.0.0.1, for=192.0.2.1",
            )
            for (value in wrong) withClue(value) { Forwarded.nodes(value) shouldBe emptyList() }
        }

        test("only the chosen field names the client, from the right") {
            val headers = headersOf(
                "X-Forwarded-For" to "203.0.113.1",
                "Forwarded" to "for=10.9.9.9",
                "Forwarded" to "for=203.0.113.2;proto=https",
            )
            fun peer(field: ForwardedField, proxies: Int) =
                ForwardedFor.peer(headers, field, proxies, "tcp4:10.0.0.1:1")
            peer(ForwardedField.FORWARDED, 1) shouldBe "203.0.113.2"
            peer(ForwardedField.FORWARDED, 2) shouldBe "10.9.9.9"
            peer(ForwardedField.X_FORWARDED_FOR, 1) shouldBe "203.0.113.1"
            for (field in ForwardedField.entries) {
                peer(field, 0) shouldBe "tcp4:10.0.0.1:1"
                peer(field, 3) shouldBe "tcp4:10.0.0.1:1"
            }
        }

        test("a client cannot hide by a malformed line before that of the proxy") {
            for (line in listOf("for=\"", "for=1.2.3.4:5", "for=\"10.0.0.9, ", ",")) {
                val headers = headersOf("Forwarded" to line, "Forwarded" to "for=203.0.113.9")
                fun peer(proxies: Int) =
                    ForwardedFor.peer(headers, ForwardedField.FORWARDED, proxies, "tcp4:10.0.0.1:1")
                withClue(line) {
                    peer(1) shouldBe "203.0.113.9"
                    peer(2) shouldBe "tcp4:10.0.0.1:1"
                }
            }
        }

        test("elements count from the right over several lines") {
            val headers = headersOf(
                "Forwarded" to "for=203.0.113.1",
                "Forwarded" to "for=203.0.113.2, for=203.0.113.3",
                "Forwarded" to "for=203.0.113.4",
            )
            for (proxies in 1..4) {
                ForwardedFor.peer(headers, ForwardedField.FORWARDED, proxies, "peer") shouldBe
                    "203.0.113.${5 - proxies}"
            }
            ForwardedFor.peer(headers, ForwardedField.FORWARDED, 5, "peer") shouldBe "peer"
        }

        test("an element without a node leaves the peer") {
            ForwardedFor.peer(
                headersOf("Forwarded" to "proto=https"),
                ForwardedField.FORWARDED,
                1,
                "p",
            ) shouldBe
                "p"
        }

        test("any text has some elements or none, and none throws") {
            checkAll(
                Arb.string(
                    0..40,
                    Arb.element(
                        "for=\"\\,; [:]_1.a".map {
                            Codepoint(it.code)
                        },
                    ),
                ),
            ) {
                Forwarded.nodes(it)
            }
        }
    })
