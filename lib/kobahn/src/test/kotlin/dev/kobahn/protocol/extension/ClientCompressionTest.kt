package dev.kobahn.protocol.extension

import dev.kobahn.protocol.extension.PerMessageDeflateOffer as Offer
import dev.kobahn.protocol.extension.PerMessageDeflateResponse as Response
import dev.kobahn.protocol.extension.PerMessageDeflateResponseAccept as Accept
import dev.kobahn.protocol.handshake.rules
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain

private const val DEFLATE = "permessage-deflate"

/** Returns what the acceptor sees of [answer] to [offers]. */
private fun seen(answer: String, vararg offers: Offer): PerMessageCompressResponse {
    lateinit var seen: PerMessageCompressResponse
    ClientCompression(offers.asList()) { response ->
        seen = response
        Accept(response as Response)
    }.confirm(elements(answer).single())
    return seen
}

class ClientCompressionTest :
    FunSpec({
        val plain = Offer(acceptNoContextTakeover = false, acceptMaxWindowBits = false)

        context("the acceptor gets the server's answer") {
            rules(
                DEFLATE to Response(0, false, 0, false),
                "$DEFLATE; client_max_window_bits=8" to Response(8, false, 0, false),
                "$DEFLATE; client_no_context_takeover" to Response(0, true, 0, false),
                "$DEFLATE; server_max_window_bits=\"15\"" to Response(0, false, 15, false),
                "Permessage-Deflate; server_no_context_takeover" to Response(0, false, 0, true),
                "$DEFLATE; client_max_window_bits=9; server_max_window_bits=10; " +
                    "server_no_context_takeover; client_no_context_takeover" to
                    Response(9, true, 10, true),
            ) { (answer, response) -> seen(answer, Offer()) shouldBe response }
        }

        context("an answer that fits no offer fails the handshake, and says why") {
            rules(
                Triple("an unknown parameter", "window=10", "the parameter window is unknown"),
                Triple(
                    "a parameter twice",
                    "server_max_window_bits=10; server_max_window_bits=10",
                    "server_max_window_bits is there twice",
                ),
                Triple(
                    "a flag with a value",
                    "client_no_context_takeover=1",
                    "client_no_context_takeover must have no value",
                ),
                Triple(
                    "a window of the client without a value",
                    "client_max_window_bits",
                    "client_max_window_bits must be 8 to 15",
                ),
                Triple(
                    "a window of the server without a value",
                    "server_max_window_bits",
                    "server_max_window_bits must be 8 to 15",
                ),
                Triple(
                    "a window of 7",
                    "server_max_window_bits=7",
                    "server_max_window_bits must be 8 to 15",
                ),
                Triple(
                    "a window of 16",
                    "client_max_window_bits=16",
                    "client_max_window_bits must be 8 to 15",
                ),
                Triple(
                    "a leading zero",
                    "server_max_window_bits=09",
                    "server_max_window_bits must be 8 to 15",
                ),
            ) { (_, params, reason) ->
                shouldThrow<ExtensionException> { seen("$DEFLATE; $params", Offer()) }
                    .message shouldBe "$DEFLATE: $reason"
            }
            rules(
                Triple(
                    "server_no_context_takeover is lacking",
                    "server_max_window_bits=10" to Offer(requestNoContextTakeover = true),
                    "lacks server_no_context_takeover",
                ),
                Triple(
                    "server_max_window_bits is lacking",
                    "server_no_context_takeover" to Offer(requestMaxWindowBits = 10),
                    "lacks server_max_window_bits",
                ),
                Triple(
                    "the window of the server is larger than requested",
                    "server_max_window_bits=11" to Offer(requestMaxWindowBits = 10),
                    "server_max_window_bits is larger",
                ),
                Triple(
                    "client_max_window_bits was not offered",
                    "client_max_window_bits=15" to plain,
                    "client_max_window_bits was not offered",
                ),
            ) { (_, exchange, reason) ->
                shouldThrow<ExtensionException> {
                    seen("$DEFLATE; ${exchange.first}", exchange.second)
                }.message shouldContain reason
            }
        }

        context("additions that a server may make to an answer") {
            rules(
                "a window of its own" to "server_max_window_bits=10",
                "no context takeover of its own" to "server_no_context_takeover",
                "no context takeover of the client, offered or not" to "client_no_context_takeover",
            ) { (_, params) ->
                val answer = "$DEFLATE; $params"
                seen(answer, plain).toHeader().toString() shouldBe answer
            }
            test("a smaller window than requested") {
                seen("$DEFLATE; server_max_window_bits=8", Offer(requestMaxWindowBits = 10))
            }
        }

        context("an answer may be to any of the offers of that name") {
            val offers = arrayOf(
                Offer(requestMaxWindowBits = 10),
                Offer(requestNoContextTakeover = true),
                plain,
            )
            rules(
                "the first" to "$DEFLATE; server_max_window_bits=9; client_max_window_bits=9",
                "the second" to "$DEFLATE; server_no_context_takeover; client_max_window_bits=9",
                "the last" to DEFLATE,
                "the last, with a window of its own" to "$DEFLATE; server_max_window_bits=12",
            ) { (_, answer) -> seen(answer, *offers).compression.extensionName shouldBe DEFLATE }
            test("but must fit one completely") {
                shouldThrow<ExtensionException> {
                    seen("$DEFLATE; server_max_window_bits=12; client_max_window_bits=9", *offers)
                }
            }
        }

        test("an answer with another name is left to other extensions") {
            val client = ClientCompression(listOf(Offer())) { throw AssertionError("asked") }
            client.confirm(ExtensionHeader("x-reverse")).shouldBeNull()
            ClientCompression(emptyList()).confirm(ExtensionHeader(DEFLATE)).shouldBeNull()
        }

        test("without an acceptor every answer that fits is taken") {
            val answer = "$DEFLATE; client_max_window_bits=9"
            ClientCompression(listOf(Offer())).confirm(elements(answer).single())
                ?.header.toString() shouldBe answer
        }

        test("an acceptor that does not take the answer fails the handshake") {
            shouldThrow<ExtensionException> {
                ClientCompression(listOf(Offer())) { null }.confirm(ExtensionHeader(DEFLATE))
            }.message shouldBe "$DEFLATE: the server's answer was not accepted"
        }

        test("accepting another answer than the one given is an error of the program") {
            shouldThrow<IllegalStateException> {
                ClientCompression(listOf(Offer())) { Accept(Response(9, false, 0, false)) }
                    .confirm(ExtensionHeader(DEFLATE))
            }
        }

        test("exceptions of the acceptor pass through") {
            shouldThrow<ArithmeticException> {
                ClientCompression(listOf(Offer())) { throw ArithmeticException() }
                    .confirm(ExtensionHeader(DEFLATE))
            }
        }
    })
