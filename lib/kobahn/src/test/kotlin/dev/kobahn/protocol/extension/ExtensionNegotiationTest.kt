package dev.kobahn.protocol.extension

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe

private fun List<AgreedExtension>.names() = map { it.header.name }

class ExtensionNegotiationTest :
    FunSpec({
        val deflate = PerMessageDeflate()
        val other = AnyParameters(ExtensionHeader("x-other"), ReservedBits.RSV3)
        val rival = AnyParameters(ExtensionHeader("x-rival"), ReservedBits.RSV1)
        val all = elements("x-rival, x-other; a=1, x-reverse, permessage-deflate")

        test("a server's agreement has the order of its extensions") {
            ExtensionNegotiation.accept(listOf(deflate, ReversedBytes, other), all).names()
                .shouldContainExactly("permessage-deflate", "x-reverse", "x-other")
            ExtensionNegotiation.accept(listOf(other, deflate), all).names()
                .shouldContainExactly("x-other", "permessage-deflate")
        }

        test("a client's agreement has the order of the answer") {
            ExtensionNegotiation.confirm(
                listOf(deflate, ReversedBytes, other),
                elements("x-other; a=1, permessage-deflate"),
            ).names().shouldContainExactly("x-other", "permessage-deflate")
        }

        test("a server leaves out an extension if its reserved bit is taken") {
            ExtensionNegotiation.accept(listOf(deflate, rival, other), all).names()
                .shouldContainExactly("permessage-deflate", "x-other")
            ExtensionNegotiation.accept(listOf(rival, deflate), all).names()
                .shouldContainExactly("x-rival")
        }

        test("a server agrees on a name once") {
            val bitless = AnyParameters(ExtensionHeader("x-other"))
            ExtensionNegotiation.accept(listOf(bitless, bitless), all).size shouldBe 1
        }

        test("nothing is agreed on without an offer") {
            ExtensionNegotiation.accept(listOf(other), emptyList()).shouldBeEmpty()
            ExtensionNegotiation.confirm(listOf(other), emptyList()).shouldBeEmpty()
        }

        test("a client fails on an answer without an offer, and on conflicting answers") {
            fun confirm(answer: String) = shouldThrow<ExtensionException> {
                ExtensionNegotiation.confirm(listOf(deflate, rival), elements(answer))
            }.message
            confirm("x-other") shouldBe "the server chose an extension that was not offered"
            confirm("permessage-deflate, x-rival") shouldBe
                "the server chose extensions that exclude each other"
            confirm("x-rival, x-rival") shouldBe
                "the server chose extensions that exclude each other"
        }
    })
