package dev.kobahn

import dev.kobahn.autobahn.perMessageCompression
import dev.kobahn.protocol.extension.AnyParameters
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.PerMessageDeflateOffer
import dev.kobahn.protocol.extension.PerMessageDeflateOfferAccept
import dev.kobahn.protocol.extension.PerMessageDeflateResponse
import dev.kobahn.protocol.extension.PerMessageDeflateResponseAccept
import dev.kobahn.protocol.extension.ReversedBytes
import dev.kobahn.protocol.handshake.rules
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.selects.select

private const val FIELD = "Sec-WebSocket-Extensions: "
private const val DEFLATE = "permessage-deflate"

/** The extensions in the head of an answer or of a request, or null. */
private fun extensionsIn(head: String): String? =
    head.lines().singleOrNull { it.startsWith(FIELD) }?.removePrefix(FIELD)?.trim()

/** What a server answers to [offers] at [path]; "500" and the like if it refuses. */
private suspend fun answer(
    offers: String,
    path: String = "/",
    configure: WebSocketServerOptions.() -> Unit,
): String? = webSocketServer {
    onConnect { accept() }
    configure()
}.use { server ->
    RawPeer(server.port).use {
        val head = it.handshake(path, FIELD + offers)
        val status = head.substringAfter(' ').substringBefore(' ')
        if (status == "101") extensionsIn(head) else status
    }
}

/** What a client offers. */
private suspend fun offered(configure: WebSocketClientOptions.() -> Unit): String? {
    var head = ""
    against({ peer ->
        head = peer.readHead()
        peer.end()
    }) { url ->
        shouldThrow<HandshakeException> { webSocketClient(configure = configure).connect(url) }
    }
    return extensionsIn(head)
}

/** The extensions in use when a client is answered [answer]. */
private suspend fun taken(
    answer: String,
    configure: WebSocketClientOptions.() -> Unit,
): List<String> = against({ peer ->
    peer.open(ByteArray(0), FIELD + answer)
    if (peer.readFrame() != "end") peer.sendHex("88 02 03e8")
}) { url ->
    webSocketClient(configure = configure).connect(url) { extensions.map { it.toString() } }
}

/** Negotiation of extensions by the bytes of the opening handshake. */
class CompressionBytesTest :
    FunSpec({
        test("perMessageDeflate has a server answer an offer, and without it none is answered") {
            answer("$DEFLATE; client_max_window_bits") { }.shouldBeNull()
            answer("$DEFLATE; client_max_window_bits") { perMessageDeflate() } shouldBe DEFLATE
            answer("$DEFLATE; client_max_window_bits") {
                perMessageDeflate {
                    serverNoContextTakeover = true
                    clientNoContextTakeover = true
                    serverMaxWindowBits = 11
                    clientMaxWindowBits = 10
                }
            } shouldBe "$DEFLATE; server_no_context_takeover; server_max_window_bits=11; " +
                "client_no_context_takeover; client_max_window_bits=10"
        }

        test("perMessageDeflate has a client offer it, with a fallback for its wishes") {
            offered { }.shouldBeNull()
            offered { perMessageDeflate() } shouldBe "$DEFLATE; client_max_window_bits"
            offered {
                perMessageDeflate {
                    serverMaxWindowBits = 9
                    clientNoContextTakeover = true
                }
            } shouldBe "$DEFLATE; client_no_context_takeover; client_max_window_bits; " +
                "server_max_window_bits=9, " +
                "$DEFLATE; client_no_context_takeover; client_max_window_bits"
        }

        test("a server's acceptor picks one of the offers, the malformed ones left out") {
            val offers = "$DEFLATE; server_max_window_bits=7, $DEFLATE; foo, " +
                "$DEFLATE; server_max_window_bits=9, $DEFLATE; client_max_window_bits"
            answer(offers) {
                perMessageCompression {
                    PerMessageDeflateOfferAccept(
                        it.last() as PerMessageDeflateOffer,
                        requestNoContextTakeover = true,
                        requestMaxWindowBits = 10,
                    )
                }
            } shouldBe "$DEFLATE; client_no_context_takeover; client_max_window_bits=10"
            answer(offers) {
                perMessageCompression {
                    PerMessageDeflateOfferAccept(it.first() as PerMessageDeflateOffer)
                }
            } shouldBe "$DEFLATE; server_max_window_bits=9"
            answer(offers) { perMessageCompression { null } }.shouldBeNull()
        }

        test("a malformed offer does not fail the handshake") {
            for (bad in "server_max_window_bits=16 foo server_no_context_takeover=1".split(' ')) {
                answer("$DEFLATE; $bad") { perMessageDeflate() }.shouldBeNull()
                answer("$DEFLATE; $bad, $DEFLATE") { perMessageDeflate() } shouldBe DEFLATE
            }
        }

        test("separators inside a quoted string make no offer") {
            answer("x; a=\"b, $DEFLATE\"") { perMessageDeflate() } shouldBe "400"
            answer("$DEFLATE; server_max_window_bits=\"10\"") { perMessageDeflate() } shouldBe
                "$DEFLATE; server_max_window_bits=10"
        }

        test("a route has its own compression, or none") {
            val server: WebSocketServerOptions.() -> Unit = {
                perMessageDeflate { serverMaxWindowBits = 10 }
                route("/none") { perMessageDeflate = null }
                route("/more") { perMessageDeflate { clientNoContextTakeover = true } }
                route("/picked") {
                    perMessageCompression {
                        PerMessageDeflateOfferAccept(it.first() as PerMessageDeflateOffer)
                    }
                }
            }
            answer(DEFLATE, "/", server) shouldBe "$DEFLATE; server_max_window_bits=10"
            answer(DEFLATE, "/none", server).shouldBeNull()
            answer(DEFLATE, "/more", server) shouldBe
                "$DEFLATE; server_max_window_bits=10; client_no_context_takeover"
            answer(DEFLATE, "/picked", server) shouldBe DEFLATE
            answer(DEFLATE, "/own") {
                perMessageCompression { null }
                route("/own") { perMessageDeflate() }
            } shouldBe DEFLATE
        }

        test("further extensions are answered after compression, in their order") {
            val other = AnyParameters(ExtensionHeader("x-other"))
            val offers = "x-other; a=1, x-reverse, $DEFLATE"
            answer(offers) {
                extensions = listOf(ReversedBytes, other)
                perMessageDeflate()
            } shouldBe "$DEFLATE, x-reverse, x-other; a=1"
            answer(offers) {
                extensions = listOf(other, ReversedBytes)
            } shouldBe "x-other; a=1, x-reverse"
            answer("x-reverse; a") { extensions = listOf(ReversedBytes) }.shouldBeNull()
        }

        test("an extension of one's own transforms messages and marks them with its bit") {
            webSocketServer {
                extensions = listOf(ReversedBytes)
                onConnect { for (message in incoming) send("$message!") }
            }.use { server ->
                RawPeer(server.port).use {
                    extensionsIn(it.handshake("/", FIELD + "x-reverse")) shouldBe "x-reverse"
                    it.send(RawPeer.masked(0xA1, "cba".encodeToByteArray()))
                    it.readHex(6) shouldBe "a104" + "!cba".encodeToByteArray().toHexString()
                    it.send(RawPeer.text("plain"))
                    it.readHex(8) shouldBe "a106" + "!nialp".encodeToByteArray().toHexString()
                }
            }
        }

        test("what was agreed on transforms messages one after another, both ways") {
            webSocketServer {
                perMessageDeflate { clientMaxWindowBits = 9 }
                extensions = listOf(ReversedBytes)
                onConnect { for (message in incoming) send(message) }
            }.use { server ->
                webSocketClient {
                    perMessageDeflate { serverNoContextTakeover = true }
                    extensions = listOf(ReversedBytes)
                }.connect("ws://localhost:${server.port}/") {
                    for (length in listOf(0, 10, 1000, 100_000)) {
                        val text = "compressible ".repeat(length / 10)
                        send(text)
                        incoming.receive().toString() shouldBe text
                    }
                    statistics.traffic.outgoingCompressionRatio!! shouldBeLessThan 0.1
                    statistics.traffic.incomingCompressionRatio!! shouldBeLessThan 0.1
                }
            }
        }

        test("a client offers its compressions and extensions in their order") {
            offered {
                extensions = listOf(ReversedBytes)
                perMessageCompressionOffers = listOf(
                    PerMessageDeflateOffer(requestMaxWindowBits = 9),
                    PerMessageDeflateOffer(acceptNoContextTakeover = false),
                )
            } shouldBe "$DEFLATE; client_no_context_takeover; client_max_window_bits; " +
                "server_max_window_bits=9, $DEFLATE; client_max_window_bits, x-reverse"
        }

        test("the extensions in use are those of the answer, in its order") {
            taken("x-reverse, $DEFLATE; client_max_window_bits=9") {
                perMessageDeflate()
                extensions = listOf(ReversedBytes)
            }.shouldContainExactly("x-reverse", "$DEFLATE; client_max_window_bits=9")
            taken("") { perMessageDeflate() }.shouldBeEmpty()
        }

        test("a client without an acceptor takes every answer that fits its offers") {
            taken("$DEFLATE; server_max_window_bits=9") {
                perMessageCompression(listOf(PerMessageDeflateOffer()))
            }.shouldContainExactly("$DEFLATE; server_max_window_bits=9")
        }

        test("a client's acceptor takes the answer") {
            val asked = CompletableDeferred<PerMessageDeflateResponse>()
            taken("$DEFLATE; client_max_window_bits=9") {
                perMessageCompression(listOf(PerMessageDeflateOffer())) {
                    asked.complete(it as PerMessageDeflateResponse)
                    PerMessageDeflateResponseAccept(it, windowBits = 8)
                }
            }.shouldContainExactly("$DEFLATE; client_max_window_bits=9")
            asked.await() shouldBe PerMessageDeflateResponse(9, false, 0, false)
        }

        test("an extension and a parameter that were not offered fail the handshake") {
            suspend fun refusal(answer: String) = shouldThrow<HandshakeException> {
                taken(answer) {
                    perMessageCompressionOffers =
                        listOf(PerMessageDeflateOffer(acceptMaxWindowBits = false))
                }
            }.reason()
            refusal("x-other") shouldBe "the server chose an extension that was not offered"
            refusal("$DEFLATE; client_max_window_bits=9") shouldBe
                "$DEFLATE: client_max_window_bits was not offered"
        }

        context("an answer that cannot be fails the handshake") {
            rules(
                Triple(
                    "an extension twice",
                    "$DEFLATE, permessage-DEFLATE",
                    "the server chose an extension twice",
                ),
                Triple(
                    "an unknown parameter",
                    "$DEFLATE; foo",
                    "$DEFLATE: the parameter foo is unknown",
                ),
                Triple(
                    "a malformed parameter",
                    "$DEFLATE; server_max_window_bits=7",
                    "$DEFLATE: server_max_window_bits must be 8 to 15",
                ),
                Triple(
                    "a parameter of another extension",
                    "x-reverse; a",
                    "x-reverse has no parameters",
                ),
            ) { (_, answer, reason) ->
                shouldThrow<HandshakeException> {
                    taken(answer) {
                        perMessageCompressionOffers =
                            listOf(PerMessageDeflateOffer(acceptMaxWindowBits = false))
                        extensions = listOf(ReversedBytes)
                    }
                }.reason() shouldBe reason
            }
        }

        test("an acceptor of a client that does not want the answer fails the handshake") {
            shouldThrow<HandshakeException> {
                taken(DEFLATE) {
                    perMessageCompression(listOf(PerMessageDeflateOffer())) { null }
                }
            }.reason() shouldBe "$DEFLATE: the server's answer was not accepted"
        }

        test("what an acceptor of a client throws comes out of connect") {
            shouldThrow<ArithmeticException> {
                taken(DEFLATE) {
                    perMessageCompression(listOf(PerMessageDeflateOffer())) {
                        throw ArithmeticException("of the program")
                    }
                }
            }.message shouldBe "of the program"
        }

        test("an acceptor of a server that throws is answered with 500, however it was accepted") {
            fun failing(
                life: suspend ServerWebSocket.() -> Unit,
            ): WebSocketServerOptions.() -> Unit = {
                perMessageCompression { throw ArithmeticException("of the program") }
                onConnect(life)
            }
            val lives = listOf<suspend ServerWebSocket.() -> Unit>(
                { accept() },
                { send("x") },
                { select { incoming.onReceiveCatching { } } },
            )
            for (life in lives) {
                for (dispatcher in listOf(null, Dispatchers.Default)) {
                    answer(DEFLATE) {
                        failing(life)()
                        handlerDispatcher = dispatcher
                    } shouldBe "500"
                }
            }
        }

        test("a client and a server agree, and both know the extensions in use once it is open") {
            val before = CompletableDeferred<List<ExtensionHeader>>()
            val after = CompletableDeferred<List<ExtensionHeader>>()
            webSocketServer {
                perMessageDeflate { serverMaxWindowBits = 12 }
                onConnect {
                    before.complete(extensions)
                    accept()
                    after.complete(extensions)
                    for (message in incoming) send(message)
                }
            }.use { server ->
                webSocketClient { perMessageDeflate() }.connect("ws://localhost:${server.port}/") {
                    extensions.toString() shouldBe "[$DEFLATE; server_max_window_bits=12]"
                    response.extensions shouldBe extensions
                    before.await().shouldBeEmpty()
                    after.await() shouldBe extensions
                    send("short")
                    (incoming.receive() as Message.Text).text shouldStartWith "short"
                }
            }
        }
    })

/** The message without the address it begins with. */
private fun HandshakeException.reason() = message.orEmpty().substringAfter(": ")
