package dev.kobahn.protocol.extension

import com.code_intelligence.jazzer.junit.FuzzTest
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf

/**
 * Arbitrary offers and answers, to a server and a client with wishes. The first byte of an input
 * chooses the wishes; the rest is a header value. Nothing throws except an [ExtensionException] of
 * the client, and the agreement never contradicts the peer.
 */
class ExtensionNegotiationFuzzTest {
    @FuzzTest
    fun negotiation(input: ByteArray) {
        if (input.isEmpty()) return
        val text = String(input, 1, input.size - 1, Charsets.ISO_8859_1)
        val elements = ExtensionHeader.parse(text) ?: return
        val wishes = wishes(input[0].toInt())
        val agreed = ExtensionNegotiation.accept(listOf(wishes, ReversedBytes), elements)
        agreed.filterIsInstance<AgreedDeflate>().forEach { checkAnswered(it, elements) }
        try {
            ExtensionNegotiation.confirm(listOf(wishes, ReversedBytes), elements)
                .filterIsInstance<AgreedDeflate>().forEach { checkTaken(it, wishes) }
        } catch (_: ExtensionException) {
            // The handshake fails.
        }
    }

    private fun wishes(choice: Int) = PerMessageDeflate {
        serverNoContextTakeover = choice and 1 != 0
        clientNoContextTakeover = choice and 2 != 0
        serverMaxWindowBits = 8 + (choice shr 2 and 7)
        clientMaxWindowBits = 8 + (choice shr 5 and 7)
    }

    /** A client that made these offers accepts the answer, and both ends agree. */
    private fun checkAnswered(agreed: AgreedDeflate, elements: List<ExtensionHeader>) {
        var offers = emptyList<PerMessageCompressOffer>()
        ServerCompression { null.also { _ -> offers = it } }.accept(elements)
        val there = ClientCompression(offers).confirm(agreed.header)
            .shouldBeInstanceOf<AgreedDeflate>()
        there.parameters.receiveNoContextTakeover shouldBe agreed.parameters.sendNoContextTakeover
        if (agreed.parameters.receiveNoContextTakeover) {
            there.parameters.sendNoContextTakeover shouldBe true
        }
    }

    private fun checkTaken(agreed: AgreedDeflate, wishes: PerMessageDeflate) {
        check(agreed.parameters.windowBits in 8..wishes.options.clientMaxWindowBits)
        check(!agreed.parameters.takesOver || !wishes.options.clientNoContextTakeover)
    }
}
