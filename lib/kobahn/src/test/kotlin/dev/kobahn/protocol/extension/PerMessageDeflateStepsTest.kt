package dev.kobahn.protocol.extension

import dev.kobahn.protocol.extension.PerMessageDeflateOffer as Offer
import dev.kobahn.protocol.extension.PerMessageDeflateOfferAccept as OfferAccept
import dev.kobahn.protocol.extension.PerMessageDeflateResponse as Response
import dev.kobahn.protocol.extension.PerMessageDeflateResponseAccept as ResponseAccept
import dev.kobahn.protocol.handshake.rules
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.types.shouldBeInstanceOf

private const val DEFLATE = "permessage-deflate"
private const val UNLIMITED = "15 false false -1 5 0 0 256"

/** The four objects of Autobahn, each on its own. */
class PerMessageDeflateStepsTest :
    FunSpec({
        val wide = Offer(false, true, false, 0)
        val narrow = Offer(true, true, true, 10)

        context("an offer is written in order") {
            rules(
                "$DEFLATE; client_no_context_takeover; client_max_window_bits" to Offer(),
                DEFLATE to Offer(acceptNoContextTakeover = false, acceptMaxWindowBits = false),
                "$DEFLATE; client_no_context_takeover; client_max_window_bits; " +
                    "server_no_context_takeover; server_max_window_bits=10" to narrow,
                "$DEFLATE; client_max_window_bits=8; server_max_window_bits=15" to
                    Offer(false, true, false, 15, 8),
            ) { (text, offer) -> offer.toHeader().toString() shouldBe text }
        }

        context("an answer is written in order") {
            rules(
                DEFLATE to OfferAccept(wide),
                "$DEFLATE; server_no_context_takeover; server_max_window_bits=10" to
                    OfferAccept(narrow),
                "$DEFLATE; server_no_context_takeover; server_max_window_bits=10; " +
                    "client_no_context_takeover; client_max_window_bits=9" to
                    OfferAccept(narrow, true, 9),
                "$DEFLATE; client_max_window_bits=15" to
                    OfferAccept(wide, requestMaxWindowBits = 15),
                "$DEFLATE; client_max_window_bits=9" to
                    OfferAccept(Offer(maxWindowBits = 9), requestMaxWindowBits = 12),
                DEFLATE to OfferAccept(wide, noContextTakeover = true, windowBits = 9),
                "$DEFLATE; server_no_context_takeover; server_max_window_bits=9" to
                    OfferAccept(wide, noContextTakeover = true, windowBits = 9, announced = true),
                "$DEFLATE; server_no_context_takeover; server_max_window_bits=8" to
                    OfferAccept(narrow, windowBits = 8, announced = true),
                DEFLATE to OfferAccept(wide, windowBits = 15, announced = true),
                "$DEFLATE; server_max_window_bits=15" to
                    OfferAccept(wide.withRequestMaxWindowBits(15), announced = true),
            ) { (text, accept) -> accept.toHeader().toString() shouldBe text }
        }

        test("an answer is written as it was read") {
            Response(9, true, 10, true).toHeader().toString() shouldBe
                "$DEFLATE; server_no_context_takeover; server_max_window_bits=10; " +
                "client_no_context_takeover; client_max_window_bits=9"
            Response(0, false, 0, false).toHeader().toString() shouldBe DEFLATE
        }

        context("an impossible value is refused by name, value and range") {
            val asked = Response(10, true, 0, false)
            rules<Pair<String, () -> Any>>(
                "requestMaxWindowBits is 7, must be 8 to 15, or 0 (not asked for)" to
                    { Offer(requestMaxWindowBits = 7) },
                "requestMaxWindowBits is 16, must be 8 to 15, or 0 (not asked for)" to
                    { Offer(requestMaxWindowBits = 16) },
                "maxWindowBits is 16, must be 8 to 15, or 0 (not asked for)" to
                    { Offer(maxWindowBits = 16) },
                "maxWindowBits is 9, must be 0 without acceptMaxWindowBits" to
                    { Offer(acceptMaxWindowBits = false, maxWindowBits = 9) },
                "requestNoContextTakeover is true, but the client does not accept it" to
                    { OfferAccept(wide, requestNoContextTakeover = true) },
                "requestMaxWindowBits is 9, but the client does not accept it" to
                    { OfferAccept(wide.withAcceptMaxWindowBits(false), requestMaxWindowBits = 9) },
                "requestMaxWindowBits is 1, must be 8 to 15, or 0 (not asked for)" to
                    { OfferAccept(wide, requestMaxWindowBits = 1) },
                "noContextTakeover is false, but the client asks for it" to
                    { OfferAccept(narrow, noContextTakeover = false) },
                "windowBits is 11, must be 8 to 10" to { OfferAccept(narrow, windowBits = 11) },
                "windowBits is 16, must be 8 to 15" to { OfferAccept(wide, windowBits = 16) },
                "windowBits is 7, must be 8 to 15" to { OfferAccept(wide, windowBits = 7) },
                "memLevel is 0, must be 1 to 9" to { OfferAccept(wide, memLevel = 0) },
                "memLevel is 10, must be 1 to 9" to { ResponseAccept(asked, memLevel = 10) },
                "maxMessageSize is -1, must be 0 (no limit) or more" to
                    { OfferAccept(wide, maxMessageSize = -1) },
                "compressionLevel is -2, must be 0 to 9, or -1 (zlib's default)" to
                    { OfferAccept(wide, compressionLevel = -2) },
                "compressionLevel is 10, must be 0 to 9, or -1 (zlib's default)" to
                    { ResponseAccept(asked, compressionLevel = 10) },
                "threshold is -1, must be 0 or more" to { OfferAccept(wide, threshold = -1) },
                "maxInflateRatio is -1, must be 0 (no limit) or more" to
                    { ResponseAccept(asked, maxInflateRatio = -1) },
                "clientMaxWindowBits is 16, must be 8 to 15, or 0 (not asked for)" to
                    { Response(16, false, 0, false) },
                "serverMaxWindowBits is 7, must be 8 to 15, or 0 (not asked for)" to
                    { Response(0, false, 7, false) },
                "noContextTakeover is false, but the server asks for it" to
                    { ResponseAccept(asked, noContextTakeover = false) },
                "windowBits is 11, must be 8 to 10" to { ResponseAccept(asked, windowBits = 11) },
            ) { (message, make) ->
                shouldThrow<IllegalArgumentException> { make() }.message shouldBe message
            }
        }

        context("a server follows its answer and its own settings") {
            rules(
                Triple("nothing asked", OfferAccept(wide), UNLIMITED),
                Triple("asked by the client", OfferAccept(narrow), "10 true false -1 5 0 0 256"),
                Triple(
                    "asked of the client",
                    OfferAccept(narrow, true, 9),
                    "10 true true -1 5 0 0 256",
                ),
                Triple(
                    "of its own",
                    OfferAccept(wide, false, 0, true, 9, 7, 5, 4, 3, 2),
                    "9 true false 4 7 3 5 2",
                ),
            ) { (_, accept, settings) -> described(accept.agree()) shouldBe settings }
        }

        context("a client follows the answer, its offer and its own settings") {
            val silent = Response(0, false, 0, false)
            rules(
                Triple("nothing asked", ResponseAccept(silent).agree(wide), UNLIMITED),
                Triple(
                    "asked by the server",
                    ResponseAccept(Response(9, true, 0, false)).agree(wide),
                    "9 true false -1 5 0 0 256",
                ),
                Triple(
                    "what the server does",
                    ResponseAccept(Response(0, false, 9, true)).agree(wide),
                    "15 false true -1 5 0 0 256",
                ),
                Triple(
                    "what the offer said holds without an answer",
                    ResponseAccept(silent).agree(Offer(maxWindowBits = 10)),
                    "10 true false -1 5 0 0 256",
                ),
                Triple(
                    "an answer above what the offer said changes nothing",
                    ResponseAccept(Response(12, false, 0, false)).agree(Offer(maxWindowBits = 10)),
                    "10 true false -1 5 0 0 256",
                ),
                Triple(
                    "an offer that was not meant so",
                    ResponseAccept(silent, noContextTakeover = false).agree(Offer()),
                    UNLIMITED,
                ),
                Triple(
                    "of its own",
                    ResponseAccept(silent, true, 9, 7, 5, 4, 3, 2).agree(wide),
                    "9 true false 4 7 3 5 2",
                ),
            ) { (_, agreed, settings) -> described(agreed) shouldBe settings }
        }

        test("each value can be changed alone") {
            Offer().withAcceptNoContextTakeover(false).withAcceptMaxWindowBits(true)
                .withRequestNoContextTakeover(true).withRequestMaxWindowBits(9)
                .withMaxWindowBits(8) shouldBe Offer(false, true, true, 9, 8)
            val accepting = wide.withAcceptNoContextTakeover(true)
            OfferAccept(accepting).withRequestNoContextTakeover(true)
                .withRequestMaxWindowBits(9).withNoContextTakeover(true).withWindowBits(8)
                .withMemLevel(7).withMaxMessageSize(6).withCompressionLevel(5).withThreshold(4)
                .withMaxInflateRatio(3).withAnnounced(true) shouldBe
                OfferAccept(accepting, true, 9, true, 8, 7, 6, 5, 4, 3, true)
            val response = Response(0, false, 0, false)
            ResponseAccept(response).withNoContextTakeover(true).withWindowBits(8)
                .withMemLevel(7).withMaxMessageSize(6).withCompressionLevel(5).withThreshold(4)
                .withMaxInflateRatio(3) shouldBe ResponseAccept(response, true, 8, 7, 6, 5, 4, 3)
        }

        test("steps with the same values are equal") {
            Offer() shouldBe Offer(true, true, false, 0, 0)
            Offer().hashCode() shouldBe Offer().hashCode()
            Offer() shouldNotBe Offer(requestMaxWindowBits = 9)
            OfferAccept(wide) shouldNotBe OfferAccept(narrow)
            ResponseAccept(Response(0, false, 0, false)) shouldNotBe Response(0, false, 0, false)
        }

        test("the objects show themselves with all their values") {
            Offer(requestMaxWindowBits = 9).toString() shouldBe
                """{"extension": "$DEFLATE", "accept_no_context_takeover": true, """ +
                """"accept_max_window_bits": true, "request_no_context_takeover": false, """ +
                """"request_max_window_bits": 9, "max_window_bits": 0}"""
            OfferAccept(wide, memLevel = 9).toString() shouldBe
                """{"extension": "$DEFLATE", "offer": {"extension": "$DEFLATE", """ +
                """"accept_no_context_takeover": false, "accept_max_window_bits": true, """ +
                """"request_no_context_takeover": false, "request_max_window_bits": 0, """ +
                """"max_window_bits": 0}, "request_no_context_takeover": false, """ +
                """"request_max_window_bits": 0, "no_context_takeover": null, """ +
                """"window_bits": null, "mem_level": 9, "max_message_size": null, """ +
                """"compression_level": -1, "threshold": 0, "max_inflate_ratio": 256, """ +
                """"announced": false}"""
            ResponseAccept(Response(9, true, 10, false)).toString() shouldBe
                """{"extension": "$DEFLATE", "response": {"extension": "$DEFLATE", """ +
                """"client_max_window_bits": 9, "client_no_context_takeover": true, """ +
                """"server_max_window_bits": 10, "server_no_context_takeover": false}, """ +
                """"no_context_takeover": null, "window_bits": null, "mem_level": null, """ +
                """"max_message_size": null, "compression_level": -1, "threshold": 0, """ +
                """"max_inflate_ratio": 256}"""
        }
    })

/** The parameters for sending, then for receiving, then those that each end chooses for itself. */
private fun described(agreed: AgreedExtension): String {
    val settings = agreed.shouldBeInstanceOf<AgreedDeflate>().parameters
    return listOf(
        settings.sendWindowBits,
        settings.sendNoContextTakeover,
        settings.receiveNoContextTakeover,
        settings.compressionLevel,
        settings.memLevel,
        settings.threshold,
        agreed.maxMessageSize,
        agreed.maxExpansion,
    ).joinToString(" ")
}
