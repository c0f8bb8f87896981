package dev.kobahn.protocol.handshake

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeSameInstanceAs

class HeadersTest :
    FunSpec({
        val headers = headersOf("Host" to "a", "X-Many" to "1", "x-many" to "2")

        test("names are found without regard to case") {
            headers["hOST"] shouldBe "a"
            ("HOST" in headers) shouldBe true
            ("Hos" in headers) shouldBe false
            headers["Other"].shouldBeNull()
        }

        test("several values of a name are joined, or given one by one") {
            headers["X-Many"] shouldBe "1, 2"
            headers.getAll("X-MANY").shouldContainExactly("1", "2")
            headers.getAll("Other").shouldBeEmpty()
        }

        test("every field is iterated as it stands, in order") {
            headers.map { (name, value) -> "$name=$value" }
                .shouldContainExactly("Host=a", "X-Many=1", "x-many=2")
            headers.names.shouldContainExactly("Host", "X-Many")
            headers.size shouldBe 3
            headers.toString() shouldBe "[Host: a, X-Many: 1, x-many: 2]"
        }

        test("plus keeps both sides and their order") {
            (headersOf("A" to "1") + headersOf("B" to "2") + ("A" to "3")) shouldBe
                headersOf("A" to "1", "B" to "2", "A" to "3")
            (headers + Headers.EMPTY) shouldBeSameInstanceAs headers
            (Headers.EMPTY + headers) shouldBeSameInstanceAs headers
        }

        test("equality heeds the case of values but not of names") {
            headersOf("A" to "x") shouldBe headersOf("a" to "x")
            headersOf("A" to "x").hashCode() shouldBe headersOf("a" to "x").hashCode()
            headersOf("A" to "x") shouldNotBe headersOf("A" to "X")
            headersOf("A" to "x") shouldNotBe headersOf("A" to "x", "B" to "y")
            headersOf("A" to "x") shouldNotBe "A: x"
        }

        test("a list of values becomes one field for each value") {
            headersOf(mapOf("A" to listOf("1", "2"), "B" to emptyList())) shouldBe
                headersOf("A" to "1", "A" to "2")
        }

        test("a builder without fields makes the empty headers") {
            Headers.Builder().build() shouldBeSameInstanceAs Headers.EMPTY
            headersOf() shouldBeSameInstanceAs Headers.EMPTY
        }

        test("adding to a builder does not change headers built before") {
            val builder = Headers.Builder().add("A", "1")
            val built = builder.build()
            builder.addAll(headersOf("B" to "2")).build().size shouldBe 2
            built.size shouldBe 1
        }

        test("white space around a value is taken off") {
            headersOf("A" to " \t a b\t ")["A"] shouldBe "a b"
        }

        context("a name must be a token") {
            vectors("", "a b", "a:", "a\r\nb", "a\u0000", "ä", "a/b", "\"a\"") { name ->
                shouldThrow<IllegalArgumentException> { headersOf(name to "x") }
                    .message shouldContain "not a token"
            }
        }

        context("a value must not hold control characters or any beyond ISO-8859-1") {
            vectors("a\r\nSet-Cookie: b", "a\nb", "a\rb", "a\u0000b", "a\u007Fb", "a€") { value ->
                shouldThrow<IllegalArgumentException> { headersOf("X-Name" to value) }
                    .message shouldContain "X-Name"
            }
        }

        test("a value may hold tabs and ISO-8859-1") {
            headersOf("A" to "ä\tÿ")["A"] shouldBe "ä\tÿ"
        }
    })
