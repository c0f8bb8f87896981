package dev.kobahn.interop

import dev.kobahn.ClientWebSocket
import dev.kobahn.Message
import dev.kobahn.autobahn.perMessageCompression
import dev.kobahn.codec.PerMessageBrotliOffer
import dev.kobahn.codec.PerMessageBrotliOfferAccept
import dev.kobahn.codec.PerMessageBzip2Offer
import dev.kobahn.codec.PerMessageBzip2OfferAccept
import dev.kobahn.codec.PerMessageSnappyOffer
import dev.kobahn.codec.PerMessageSnappyOfferAccept
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.extension.PerMessageCompressOffer
import dev.kobahn.protocol.extension.PerMessageCompressOfferAccept
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.TestAbortedException
import io.kotest.matchers.shouldBe
import java.io.File

/** bzip2, Snappy and brotli with the Autobahn that Debian has. */
class AutobahnCodecsTest :
    FunSpec({
        for ((offer, ask, answer) in OUR_OFFERS) {
            test("our client offers ${offer.toHeader()}, Autobahn answers $answer") {
                connected(offer, ask) {
                    extensions.map { it.toString() } shouldBe listOf(answer)
                    for (message in messages()) {
                        send(message)
                        incoming.receive() shouldBe message
                    }
                    sendMessage(MessageType.TEXT) { repeat(100) { write("piece $it ") } }
                    val pieces = (0 until 100).joinToString("") { "piece $it " }
                    incoming.receive() shouldBe Message.Text(pieces)
                }
            }
        }

        for ((name, accept, ask, request) in THEIR_OFFERS) {
            test("Autobahn offers $name with $accept and $ask, our server asks: $request") {
                webSocketServer {
                    perMessageCompression { accepted(it.single(), request) }
                    onConnect {
                        for (message in incoming) {
                            extensions.single().name shouldBe name
                            send(message)
                        }
                    }
                }.use { server ->
                    val process = python("client", "${server.port}", name, accept, ask)
                    val line = process.inputStream.bufferedReader().readLine()
                    process.waitFor()
                    line.split(' ').take(2) shouldBe listOf("16", "True")
                }
            }
        }
    })

private val OUR_OFFERS = listOf(
    Triple(PerMessageBzip2Offer(), false, "permessage-bzip2"),
    Triple(
        PerMessageBzip2Offer(requestMaxCompressLevel = 2),
        true,
        "permessage-bzip2; server_max_compress_level=2; client_max_compress_level=3",
    ),
    Triple(PerMessageSnappyOffer(), false, "permessage-snappy"),
    Triple(
        PerMessageSnappyOffer(requestNoContextTakeover = true),
        true,
        "permessage-snappy; server_no_context_takeover; client_no_context_takeover",
    ),
    // ours is flushed, so that Autobahn can read it; only Autobahn's own has to be without
    Triple(
        PerMessageBrotliOffer(requestNoContextTakeover = true),
        false,
        "permessage-brotli; server_no_context_takeover",
    ),
    Triple(
        PerMessageBrotliOffer(requestNoContextTakeover = true),
        true,
        "permessage-brotli; server_no_context_takeover; client_no_context_takeover",
    ),
)

/** The name, what Autobahn's client accepts and asks for, and whether our server asks. */
private data class TheirOffer(
    val name: String,
    val accept: String,
    val ask: String,
    val request: Boolean,
)

private val THEIR_OFFERS = listOf(
    TheirOffer("permessage-bzip2", "1", "0", false),
    TheirOffer("permessage-bzip2", "1", "1", true),
    TheirOffer("permessage-snappy", "0", "0", false),
    TheirOffer("permessage-snappy", "1", "1", true),
    TheirOffer("permessage-brotli", "1", "0", true),
    TheirOffer("permessage-brotli", "1", "1", true),
)

private fun accepted(
    offer: PerMessageCompressOffer,
    request: Boolean,
): PerMessageCompressOfferAccept = when (offer) {
    is PerMessageBzip2Offer -> PerMessageBzip2OfferAccept(offer, if (request) 4 else 0)
    is PerMessageSnappyOffer -> PerMessageSnappyOfferAccept(offer, request)
    is PerMessageBrotliOffer -> PerMessageBrotliOfferAccept(offer, request)
    else -> error("an unknown offer: $offer")
}

private fun messages(): List<Message> =
    listOf(0, 1, 125, 126, 65_535, 65_536, 1 shl 20, 1).flatMap { size ->
        val bytes = ByteArray(size) { (it * 31).toByte() }
        listOf(Message.Binary(bytes), Message.Text("é".repeat(size / 2)))
    }

private suspend fun connected(
    offer: PerMessageCompressOffer,
    ask: Boolean,
    block: suspend ClientWebSocket.() -> Unit,
) {
    val process = python("server", if (ask) "1" else "0")
    try {
        val port = process.inputStream.bufferedReader().readLine()
        val client = webSocketClient { perMessageCompression(listOf(offer)) }
        client.connect("ws://127.0.0.1:$port/") { block() }
    } finally {
        process.outputStream.close()
        process.waitFor()
    }
}

private val PYTHON = File("/usr/bin/python3")
private const val MODULES = "import autobahn, brotli, bz2, snappy"

/** Runs the script, or aborts the test if it could not. */
private fun python(vararg arguments: String): Process {
    val isThere = PYTHON.canExecute() && run("-c", MODULES).waitFor() == 0
    if (!isThere) throw TestAbortedException("$PYTHON cannot $MODULES, see src/test/interop")
    return run("src/test/resources/interop/autobahn_codecs.py", *arguments)
}

private fun run(vararg arguments: String): Process = ProcessBuilder(PYTHON.path, *arguments)
    .redirectError(ProcessBuilder.Redirect.INHERIT)
    .start()
