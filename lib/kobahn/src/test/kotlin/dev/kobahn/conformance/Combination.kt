package dev.kobahn.conformance

import dev.kobahn.WebSocketClientOptions
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.protocol.extension.PerMessageCompressOffer
import dev.kobahn.protocol.extension.PerMessageCompressOfferAccept
import dev.kobahn.protocol.extension.PerMessageDeflateOffer
import dev.kobahn.protocol.extension.PerMessageDeflateOfferAccept

/** What one end asks of the other: to send without context takeover, and a window; 0 asks none. */
internal data class Wish(val noContextTakeover: Boolean, val windowBits: Int)

/**
 * What the two ends of a connection ask of each other, the best wish first. The client makes an
 * offer of each, and the server accepts the first offer with which the first wish possible comes
 * true. These are the cases 13.1 to 13.7 of the Autobahn test suite, where both ends wish the same;
 * group 12 is as 13.1. Where the suite has windows of 8 bits, which neither zlib nor
 * autobahn-python has any more, it is 9.
 */
internal enum class Combination(val case: String, vararg wishes: Wish) {
    DEFAULTS("13.1", Wish(false, 0)),
    NO_CONTEXT_TAKEOVER("13.2", Wish(true, 0)),
    WINDOW_9("13.3", Wish(false, 9)),
    WINDOW_15("13.4", Wish(false, 15)),
    NO_CONTEXT_TAKEOVER_WINDOW_9("13.5", Wish(true, 9)),
    NO_CONTEXT_TAKEOVER_WINDOW_15("13.6", Wish(true, 15)),
    FALLBACKS("13.7", Wish(true, 9), Wish(true, 0), Wish(false, 0)),
    ;

    val wishes = wishes.toList()

    /** The wishes as the programs of the peers read them. */
    val argument: String
        get() = wishes.joinToString(";") { "${it.noContextTakeover},${it.windowBits}" }

    /** The parameters of the server's answer: both ends get their first wish. */
    val answer: Set<String>
        get() {
            val (noContextTakeover, windowBits) = wishes.first()
            return listOf("server", "client").flatMap { end ->
                listOfNotNull(
                    "${end}_no_context_takeover".takeIf { noContextTakeover },
                    "${end}_max_window_bits=$windowBits".takeIf { windowBits != 0 },
                )
            }.toSet()
        }

    /** What both ends go by then. */
    val agreement: Agreement
        get() {
            val (noContextTakeover, windowBits) = wishes.first()
            val bits = if (windowBits == 0) Agreement.MAX_WINDOW_BITS else windowBits
            return Agreement(noContextTakeover, noContextTakeover, bits, bits)
        }

    /**
     * The suite's offers have `client_no_context_takeover`, too, which means little to Autobahn. We
     * would keep our word and send without, where the suite does not.
     */
    fun configure(options: WebSocketClientOptions) {
        options.perMessageCompressionOffers = wishes.map {
            PerMessageDeflateOffer(
                acceptNoContextTakeover = false,
                requestNoContextTakeover = it.noContextTakeover,
                requestMaxWindowBits = it.windowBits,
            )
        }
    }

    fun configure(options: WebSocketServerOptions) {
        options.perMessageCompressionAccept = ::accept
    }

    private fun accept(offers: List<PerMessageCompressOffer>): PerMessageCompressOfferAccept? {
        val ours = offers.filterIsInstance<PerMessageDeflateOffer>()
        return wishes.firstNotNullOfOrNull { wish ->
            ours.firstOrNull { it.allows(wish) }?.let {
                PerMessageDeflateOfferAccept(it, wish.noContextTakeover, wish.windowBits)
            }
        }
    }

    private fun PerMessageDeflateOffer.allows(wish: Wish) =
        (acceptNoContextTakeover || !wish.noContextTakeover) &&
            (acceptMaxWindowBits || wish.windowBits == 0)
}
