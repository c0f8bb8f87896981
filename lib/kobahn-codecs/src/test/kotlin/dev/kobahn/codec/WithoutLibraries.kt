package dev.kobahn.codec

import java.util.concurrent.Callable

/** A task of [CodecLibraryTest]: returns the compressions that work without the libraries. */
class ListsCompressions : Callable<String> {
    override fun call(): String = KobahnCodecs.available().toString()
}

/** A task of [CodecLibraryTest]: returns why each compression is refused without its library. */
class AsksForCompressions : Callable<String> {
    override fun call(): String = listOf(
        { KobahnCodecs.bzip2 },
        { PerMessageBzip2Offer() },
        { KobahnCodecs.snappy },
        { PerMessageSnappyOffer() },
        { KobahnCodecs.brotli },
        { PerMessageBrotliOffer() },
    ).joinToString("\n") { ask -> refusal(ask) }

    private fun refusal(ask: () -> Any): String = try {
        ask().toString()
    } catch (e: IllegalStateException) {
        "${e.message}"
    }
}
