package dev.kobahn.codec

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.ClientCompression
import dev.kobahn.protocol.extension.CodecPool
import dev.kobahn.protocol.extension.ExtensionException
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.PerMessageCompressOffer
import dev.kobahn.protocol.extension.PerMessageCompressOfferAccept
import dev.kobahn.protocol.extension.ReservedBits
import dev.kobahn.protocol.extension.ServerCompression
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

/** What both ends agree on about bzip2, Snappy and brotli, as it stands in the header. */
class CompressionAgreementTest :
    FunSpec({
        test("the objects stand in the header as those of Autobahn do") {
            val headers = mapOf(
                PerMessageBzip2Offer() to "permessage-bzip2; client_max_compress_level",
                PerMessageBzip2Offer(false, 3) to "permessage-bzip2; server_max_compress_level=3",
                PerMessageSnappyOffer() to "permessage-snappy; client_no_context_takeover",
                PerMessageSnappyOffer(false, false) to "permessage-snappy",
                PerMessageBrotliOffer(true, true) to
                    "permessage-brotli; client_no_context_takeover; server_no_context_takeover",
            )
            for ((offer, header) in headers) offer.toHeader().toString() shouldBe header
        }

        test("a server answers what it accepts of an offer") {
            for ((offer, accept, answer) in ACCEPTED) {
                withClue(offer) { accepted(offer, accept)?.header.toString() shouldBe answer }
            }
        }

        test("an offer with something wrong is skipped") {
            for (offer in WRONG_OFFERS) withClue(offer) { accepted(offer, plain) shouldBe null }
        }

        test("a client takes an answer that fits its offer") {
            for ((offer, answer) in FITTING) {
                withClue(answer) {
                    confirmed(offer, answer)?.header.toString() shouldBe answer
                }
            }
        }

        test("a client refuses an answer that does not fit its offer") {
            for ((offer, answer) in NOT_FITTING) {
                withClue(answer) {
                    shouldThrow<ExtensionException> { confirmed(offer, answer) }
                }
            }
        }

        test("an offer without the client's flag does not let the server ask, unlike deflate's") {
            val snappy = PerMessageSnappyOffer(acceptNoContextTakeover = false)
            shouldThrow<IllegalArgumentException> {
                PerMessageSnappyOfferAccept(snappy, requestNoContextTakeover = true)
            }
            val brotli = PerMessageBrotliOffer(acceptNoContextTakeover = false)
            shouldThrow<IllegalArgumentException> {
                PerMessageBrotliOfferAccept(brotli, requestNoContextTakeover = true)
            }
            val bzip2 = PerMessageBzip2Offer(acceptMaxCompressLevel = false)
            shouldThrow<IllegalArgumentException> { PerMessageBzip2OfferAccept(bzip2, 1) }
        }

        test("what the peer asks for is not denied") {
            shouldThrow<IllegalArgumentException> {
                PerMessageSnappyOfferAccept(
                    PerMessageSnappyOffer(requestNoContextTakeover = true),
                    noContextTakeover = false,
                )
            }
            shouldThrow<IllegalArgumentException> {
                PerMessageBrotliResponseAccept(PerMessageBrotliResponse(true, false), false)
            }
            val offer = PerMessageBzip2Offer(requestMaxCompressLevel = 3)
            shouldThrow<IllegalArgumentException> {
                PerMessageBzip2OfferAccept(offer, compressLevel = 4)
            }
            shouldThrow<IllegalArgumentException> {
                PerMessageBzip2ResponseAccept(PerMessageBzip2Response(2, 0), 3)
            }
        }

        test("values out of range are named") {
            val offer = PerMessageBzip2Offer()
            val wrong = mapOf(
                "requestMaxCompressLevel is 10" to { PerMessageBzip2Offer(true, 10) },
                "compressLevel is 0" to { PerMessageBzip2OfferAccept(offer, compressLevel = 0) },
                "maxMessageSize is 0" to { PerMessageBzip2OfferAccept(offer, maxMessageSize = 0) },
                "maxMessageSize is -1" to {
                    PerMessageSnappyOfferAccept(PerMessageSnappyOffer(), maxMessageSize = -1)
                },
                "threshold is -1" to { PerMessageBzip2OfferAccept(offer, threshold = -1) },
                "maxInflateRatio is -1" to {
                    PerMessageBzip2OfferAccept(offer, maxInflateRatio = -1)
                },
            )
            for ((message, make) in wrong) {
                shouldThrow<IllegalArgumentException> { make() }
                    .message!!.startsWith(message) shouldBe true
            }
        }

        test("the level agreed on is what is compressed with") {
            val message = ByteArray(900_000)
            level(PerMessageBzip2OfferAccept(PerMessageBzip2Offer()).agree(), message) shouldBe '7'
            val limited = PerMessageBzip2Offer(requestMaxCompressLevel = 4)
            level(PerMessageBzip2OfferAccept(limited).agree(), message) shouldBe '4'
            val own = PerMessageBzip2OfferAccept(limited, compressLevel = 2)
            level(own.agree(), message) shouldBe '2'
            val response = PerMessageBzip2Response(5, 0)
            val client = PerMessageBzip2ResponseAccept(response)
            level(client.agree(PerMessageBzip2Offer()), message) shouldBe '5'
            level(client.withCompressLevel(1).agree(PerMessageBzip2Offer()), message) shouldBe '1'
        }

        test("two ends that agreed understand each other, whatever was agreed on") {
            for (offer in OFFERS) {
                for (answer in accepts(offer)) {
                    val server = accepted(offer.toHeader().toString()) { answer(it) }!!
                    val client = confirmed(offer, server.header.toString())!!
                    withClue(server.header) {
                        exchange(server, client)
                        exchange(client, server)
                    }
                }
            }
        }

        test("a message below the threshold is sent as it is") {
            val accept = PerMessageSnappyOfferAccept(PerMessageSnappyOffer()).withThreshold(10)
            val encoder = accept.agree().encoder(CodecPool())
            val type = MessageType.TEXT
            listOf(-1L, 9, 10).map { encoder.begin(type, it) } shouldBe listOf(true, false, true)
        }

        test("two objects with the same values are equal, and written with Autobahn's names") {
            val accept = PerMessageBrotliOfferAccept(PerMessageBrotliOffer(), true)
            accept shouldBe PerMessageBrotliOfferAccept(PerMessageBrotliOffer())
                .withRequestNoContextTakeover(true)
            (accept == accept.withThreshold(1)) shouldBe false
            accept.toString() shouldBe """{"extension": "permessage-brotli", """ +
                """"offer": {"extension": "permessage-brotli", """ +
                """"accept_no_context_takeover": true, "request_no_context_takeover": false}, """ +
                """"request_no_context_takeover": true, "no_context_takeover": null, """ +
                """"max_message_size": null, "threshold": 0, "max_inflate_ratio": 256}"""
        }
    })

private val ALL = KobahnCodecs.available()

private val plain = { offer: PerMessageCompressOffer -> accept(offer) }
private val ask = { offer: PerMessageCompressOffer -> accept(offer, request = true) }
private val own = { offer: PerMessageCompressOffer -> accept(offer, own = true) }

private val OFFERS = listOf(
    PerMessageBzip2Offer(),
    PerMessageBzip2Offer(false, 1),
    PerMessageSnappyOffer(),
    PerMessageSnappyOffer(false, true),
    PerMessageBrotliOffer(),
    PerMessageBrotliOffer(true, true),
)

/** Ways to accept an offer. */
private fun accepts(
    offer: PerMessageCompressOffer,
): List<(PerMessageCompressOffer) -> PerMessageCompressOfferAccept> = when (offer) {
    is ContextTakeoverOffer -> listOf(
        plain,
        { accept(it, request = offer.acceptNoContextTakeover) },
        { accept(it, request = offer.acceptNoContextTakeover, own = true) },
    )

    else -> listOf(plain)
}

private fun accept(
    offer: PerMessageCompressOffer,
    request: Boolean = false,
    own: Boolean? = null,
): PerMessageCompressOfferAccept = when (offer) {
    is PerMessageBzip2Offer -> PerMessageBzip2OfferAccept(offer, if (request) 5 else 0)
    is PerMessageSnappyOffer -> PerMessageSnappyOfferAccept(offer, request, own)
    is PerMessageBrotliOffer -> PerMessageBrotliOfferAccept(offer, request, own)
    else -> error("an unknown offer: $offer")
}

private val ACCEPTED = listOf(
    Triple("permessage-bzip2", plain, "permessage-bzip2"),
    Triple("permessage-bzip2; client_max_compress_level", plain, "permessage-bzip2"),
    Triple(
        "permessage-bzip2; server_max_compress_level=4; client_max_compress_level",
        ask,
        "permessage-bzip2; server_max_compress_level=4; client_max_compress_level=5",
    ),
    Triple("PerMessage-Snappy", plain, "permessage-snappy"),
    Triple(
        "permessage-snappy; server_no_context_takeover",
        plain,
        "permessage-snappy; server_no_context_takeover",
    ),
    Triple(
        "permessage-snappy; client_no_context_takeover; server_no_context_takeover",
        ask,
        "permessage-snappy; server_no_context_takeover; client_no_context_takeover",
    ),
    Triple("permessage-brotli", own, "permessage-brotli; server_no_context_takeover"),
    Triple(
        "permessage-brotli; client_no_context_takeover",
        ask,
        "permessage-brotli; client_no_context_takeover",
    ),
)

private val WRONG_OFFERS = listOf(
    "permessage-bzip2; client_max_compress_level=3",
    "permessage-bzip2; server_max_compress_level",
    "permessage-bzip2; server_max_compress_level=0",
    "permessage-bzip2; server_max_compress_level=10",
    "permessage-bzip2; server_max_compress_level=3; server_max_compress_level=3",
    "permessage-bzip2; server_no_context_takeover",
    "permessage-snappy; client_no_context_takeover=1",
    "permessage-snappy; server_no_context_takeover; server_no_context_takeover",
    "permessage-snappy; server_max_window_bits=9",
    "permessage-brotli; quality=9",
    "permessage-zstd",
)

private val FITTING = listOf(
    PerMessageBzip2Offer() to "permessage-bzip2; client_max_compress_level=3",
    PerMessageBzip2Offer(true, 4) to "permessage-bzip2; server_max_compress_level=4",
    PerMessageSnappyOffer() to "permessage-snappy",
    PerMessageSnappyOffer() to "permessage-snappy; server_no_context_takeover",
    PerMessageBrotliOffer() to
        "permessage-brotli; server_no_context_takeover; client_no_context_takeover",
)

private val NOT_FITTING = listOf(
    PerMessageBzip2Offer(false) to "permessage-bzip2; client_max_compress_level=3",
    PerMessageBzip2Offer(true, 4) to "permessage-bzip2",
    PerMessageBzip2Offer(true, 4) to "permessage-bzip2; server_max_compress_level=5",
    PerMessageBzip2Offer() to "permessage-bzip2; client_max_compress_level",
    PerMessageSnappyOffer(false) to "permessage-snappy; client_no_context_takeover",
    PerMessageSnappyOffer(true, true) to "permessage-snappy; client_no_context_takeover",
    PerMessageBrotliOffer() to "permessage-brotli; unknown",
    PerMessageBrotliOffer() to "permessage-brotli; server_no_context_takeover=0",
)

private fun accepted(
    offer: String,
    accept: (PerMessageCompressOffer) -> PerMessageCompressOfferAccept,
): AgreedExtension? =
    ServerCompression(ALL) { accept(it.single()) }.accept(ExtensionHeader.parse(offer)!!)

private fun confirmed(offer: PerMessageCompressOffer, answer: String): AgreedExtension? =
    ClientCompression(listOf(offer)).confirm(ExtensionHeader.parse(answer)!!.single())

private fun exchange(from: AgreedExtension, to: AgreedExtension) {
    from.reservedBits shouldBe ReservedBits.RSV1
    val encoder = from.encoder(CodecPool())
    val decoder = to.decoder(CodecPool())
    repeat(4) { decoder.decoded(encoder.encoded(prose(it * 999))) shouldBe prose(it * 999) }
    encoder.close()
    decoder.close()
}

private fun level(agreed: AgreedExtension, message: ByteArray): Char =
    agreed.encoder(CodecPool()).encoded(message)[3].toInt().toChar()
