package dev.kobahn

import dev.kobahn.codec.OptionalCompression
import dev.kobahn.codec.PerMessageBrotliOffer
import dev.kobahn.codec.PerMessageBzip2Offer
import dev.kobahn.codec.PerMessageSnappyOffer
import dev.kobahn.protocol.extension.PerMessageDeflateOffer
import dev.kobahn.protocol.extension.PerMessageDeflateOfferAccept
import java.util.concurrent.Callable
import kotlinx.coroutines.runBlocking

/** What [OptionalDependenciesTest] runs. */
class TalksToItself : Callable<String> {
    override fun call(): String = runBlocking {
        val server = webSocketServer {
            perMessageCompressionAccept = { offers ->
                PerMessageDeflateOfferAccept(offers.single() as PerMessageDeflateOffer)
            }
            onConnect { for (message in incoming) send(message) }
        }
        server.use {
            val client = webSocketClient {
                perMessageCompressionOffers = listOf(PerMessageDeflateOffer())
            }
            client.connect("ws://localhost:${it.port}/") {
                check(extensions.isNotEmpty())
                send("hello")
                (incoming.receive() as Message.Text).text
            }
        }
    }
}

/** As [TalksToItself]. */
class ListsCompressions : Callable<String> {
    override fun call(): String = OptionalCompression.available().toString()
}

/** As [TalksToItself]. */
class AsksForCompressions : Callable<String> {
    override fun call(): String = listOf(
        { OptionalCompression.bzip2 },
        { PerMessageBzip2Offer() },
        { OptionalCompression.snappy },
        { PerMessageSnappyOffer() },
        { OptionalCompression.brotli },
        { PerMessageBrotliOffer() },
    ).joinToString("\n") { ask -> refusal(ask) }

    private fun refusal(ask: () -> Any): String = try {
        ask().toString()
    } catch (e: IllegalStateException) {
        "${e.message}"
    }
}
