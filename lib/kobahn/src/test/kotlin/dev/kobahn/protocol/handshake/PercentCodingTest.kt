package dev.kobahn.protocol.handshake

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class PercentCodingTest :
    FunSpec({
        test("escapes are decoded as UTF-8, and other text stays") {
            PercentCoding.decode("a%20b+c%2Fd") shouldBe "a b+c/d"
            PercentCoding.decode("%C3%A9%e2%82%ac") shouldBe "\u00e9\u20ac"
            PercentCoding.decode("100%, %zz, %2") shouldBe "100%, %zz, %2"
            PercentCoding.decode("%ff") shouldBe "\ufffd"
            PercentCoding.decode("") shouldBe ""
        }

        test("characters beyond ASCII stay unchanged beside escapes") {
            PercentCoding.decode("\u00e9%20\u20ac\ud83d\ude00%41") shouldBe
                "\u00e9 \u20ac\ud83d\ude00A"
        }

        test("encoded text is unreserved ASCII and decodes to the original") {
            val text = "a b+c/d?e=f&g%41~\u00e9\u20ac\ud83d\ude00"
            val encoded = PercentCoding.encode(text)
            encoded shouldBe "a%20b%2Bc%2Fd%3Fe%3Df%26g%2541~%C3%A9%E2%82%AC%F0%9F%98%80"
            PercentCoding.decode(encoded) shouldBe text
        }
    })
