package dev.kobahn.protocol.extension

import dev.kobahn.protocol.handshake.vectors
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.Codepoint
import io.kotest.property.arbitrary.alphanumeric
import io.kotest.property.arbitrary.bind
import io.kotest.property.arbitrary.element
import io.kotest.property.arbitrary.list
import io.kotest.property.arbitrary.orNull
import io.kotest.property.arbitrary.string
import io.kotest.property.checkAll

class ExtensionHeaderTest :
    FunSpec({
        fun parsed(text: String) = ExtensionHeader.parse(text).shouldNotBeNull()

        test("extensions, parameters and values are read in order") {
            parsed(
                "permessage-deflate; client_max_window_bits; server_max_window_bits=9, x; a=1; a=2",
            )
                .shouldContainExactly(
                    ExtensionHeader(
                        "permessage-deflate",
                        listOf(
                            ExtensionParameter("client_max_window_bits"),
                            ExtensionParameter("server_max_window_bits", "9"),
                        ),
                    ),
                    ExtensionHeader(
                        "x",
                        listOf(ExtensionParameter("a", "1"), ExtensionParameter("a", "2")),
                    ),
                )
        }

        test("a quoted value is unquoted and its separators are text") {
            parsed("""x; a="1\0"; b = "c" ,y""").shouldContainExactly(
                ExtensionHeader(
                    "x",
                    listOf(ExtensionParameter("a", "10"), ExtensionParameter("b", "c")),
                ),
                ExtensionHeader("y"),
            )
        }

        test("white space is free around separators") {
            parsed(" \t x ;\ta\t=\tb , y ") shouldBe parsed("x;a=b,y")
        }

        test("empty elements do not count") {
            parsed("").shouldBeEmpty()
            parsed(" , ,").shouldBeEmpty()
            parsed(",x,,y,").map { it.name }.shouldContainExactly("x", "y")
        }

        context("broken grammar returns null") {
            vectors(
                "x y", "x;", "x;;a", "x; =1", "x; a=", "x; a=\"", "x; a=\"\"", "x; a=\"b c\"",
                "x; a=\"b,c\"",
                "x; a=\"b\\", "x; a=\"b\"c", "x; a b", "x=1", "\"x\"", ";a", "x; a=b=c", "ä",
                "x; a=ä", "x\u0000",
            ) { text -> ExtensionHeader.parse(text).shouldBeNull() }
        }

        context("names and values are tokens") {
            vectors("", "a b", "a;", "a,", "a=", "\"a\"", "a\r\n") { text ->
                shouldThrow<IllegalArgumentException> { ExtensionHeader(text) }
                shouldThrow<IllegalArgumentException> { ExtensionParameter(text) }
                shouldThrow<IllegalArgumentException> { ExtensionParameter("a", text) }
            }
        }

        test("equality heeds parameters and values") {
            ExtensionHeader("x") shouldNotBe ExtensionHeader("X")
            ExtensionParameter("a") shouldNotBe ExtensionParameter("a", "1")
            ExtensionParameter("a", "1").hashCode() shouldBe ExtensionParameter("a", "1").hashCode()
            parsed("x;a=1").first().hashCode() shouldBe parsed("x; a=1").first().hashCode()
        }

        test("a written header is read again") {
            val token = Arb.string(1..8, Codepoint.alphanumeric())
            val parameter = Arb.bind(token, token.orNull()) { name, value ->
                ExtensionParameter(name, value)
            }
            val extension = Arb.bind(token, Arb.list(parameter, 0..4)) { name, params ->
                ExtensionHeader(name, params)
            }
            checkAll(500, Arb.list(extension, 0..4)) { extensions ->
                ExtensionHeader.parse(ExtensionHeader.format(extensions)) shouldBe extensions
            }
        }

        test("random text never throws, and parsed text survives being written") {
            val pieces = listOf("a", "b1", ";", ",", "=", "\"", "\\", " ", "\t", "ä", "\u0000")
            checkAll(5_000, Arb.list(Arb.element(pieces), 0..20)) { parts ->
                val read = ExtensionHeader.parse(parts.joinToString(""))
                if (read != null) ExtensionHeader.parse(ExtensionHeader.format(read)) shouldBe read
            }
        }
    })
