package dev.kobahn.protocol.extension

import dev.kobahn.protocol.extension.PerMessageDeflateOffer as Offer
import dev.kobahn.protocol.extension.PerMessageDeflateOfferAccept as Accept
import dev.kobahn.protocol.handshake.rules
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe

private const val DEFLATE = "permessage-deflate"

/** Returns what the acceptor sees of the header value [text]; nothing if it is not called. */
private fun seen(text: String): List<PerMessageCompressOffer> {
    var seen = emptyList<PerMessageCompressOffer>()
    val server = ServerCompression { offers -> null.also { seen = offers } }
    server.accept(elements(text)).shouldBeNull()
    return seen
}

class ServerCompressionTest :
    FunSpec({
        val plain = Offer(acceptMaxWindowBits = false)

        context("the acceptor gets the client's offers") {
            rules(
                "$DEFLATE" to plain,
                "$DEFLATE; client_max_window_bits" to Offer(),
                "$DEFLATE; client_max_window_bits=10" to Offer(maxWindowBits = 10),
                "$DEFLATE; client_max_window_bits=\"8\"" to Offer(maxWindowBits = 8),
                "$DEFLATE; server_max_window_bits=8" to plain.withRequestMaxWindowBits(8),
                "$DEFLATE; server_max_window_bits=15" to plain.withRequestMaxWindowBits(15),
                "$DEFLATE; server_no_context_takeover" to plain.withRequestNoContextTakeover(true),
                "$DEFLATE; client_no_context_takeover" to plain,
                "PerMessage-Deflate; Server_Max_Window_Bits=9" to plain.withRequestMaxWindowBits(9),
                "$DEFLATE; server_max_window_bits=10; client_max_window_bits=12; " +
                    "server_no_context_takeover; client_no_context_takeover" to
                    Offer(true, true, true, 10, 12),
            ) { (text, offer) -> seen(text).shouldContainExactly(offer) }
        }

        context("an offer that cannot be read is skipped, and the next one counts") {
            rules(
                "an unknown parameter" to "window=10",
                "a parameter twice" to "client_max_window_bits; client_max_window_bits=10",
                "a flag twice" to "server_no_context_takeover; server_no_context_takeover",
                "a flag with a value" to "server_no_context_takeover=1",
                "the client's flag with a value" to "client_no_context_takeover=true",
                "a window without a value" to "server_max_window_bits",
                "a window of 7" to "server_max_window_bits=7",
                "a window of 16" to "client_max_window_bits=16",
                "a window of 0" to "client_max_window_bits=0",
                "a leading zero" to "server_max_window_bits=08",
                "a leading zero that leaves the range" to "server_max_window_bits=010",
                "a sign" to "server_max_window_bits=+9",
                "a negative window" to "client_max_window_bits=-9",
                "a huge window" to "client_max_window_bits=99999999999",
                "a window that is no number" to "server_max_window_bits=9a",
            ) { (_, params) ->
                seen("$DEFLATE; $params").shouldContainExactly()
                seen("$DEFLATE; $params, $DEFLATE").shouldContainExactly(plain)
            }
        }

        test("all offers come in the client's order, those of other extensions left out") {
            seen(
                "x-webkit-deflate-frame, $DEFLATE; client_max_window_bits; " +
                    "server_max_window_bits=10, permessage-lzma, $DEFLATE",
            ).shouldContainExactly(Offer(requestMaxWindowBits = 10), plain)
        }

        test("without an offer that can be read the acceptor is not asked") {
            val never = ServerCompression { throw AssertionError("asked") }
            never.accept(elements("")).shouldBeNull()
            never.accept(elements("x, $DEFLATE; a")).shouldBeNull()
        }

        test("only offers of known compressions reach the acceptor") {
            ServerCompression(emptyList()) { throw AssertionError("asked") }
                .accept(elements(DEFLATE)).shouldBeNull()
        }

        test("an accepted offer is agreed on") {
            val agreed = ServerCompression { offers -> Accept(offers.last() as Offer) }
                .accept(elements("$DEFLATE, $DEFLATE; server_max_window_bits=9")).shouldNotBeNull()
            agreed.header.toString() shouldBe "$DEFLATE; server_max_window_bits=9"
            agreed.reservedBits shouldBe ReservedBits.RSV1
        }

        test("accepting what was not offered is an error of the program") {
            shouldThrow<IllegalStateException> {
                ServerCompression { Accept(Offer(requestMaxWindowBits = 9)) }
                    .accept(elements(DEFLATE))
            }
        }

        test("exceptions of the acceptor pass through") {
            shouldThrow<ArithmeticException> {
                ServerCompression { throw ArithmeticException() }.accept(elements(DEFLATE))
            }
        }
    })
