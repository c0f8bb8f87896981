package dev.kobahn.protocol.extension

import java.util.function.Consumer

/**
 * permessage-deflate (RFC 7692) as one end of a connection wants it, for either role. Immutable.
 *
 * A server grants what the client asks for, accepts the first readable offer and adds its own wishes
 * to the answer; it leaves out `clientMaxWindowBits` if the client does not accept a limit. A client
 * asks for everything and offers, as a fallback, compression without wishes about the server's
 * sending. Whatever the answer is, the client keeps to its own wishes about its own sending.
 */
public class PerMessageDeflate private constructor(private val wished: PerMessageDeflateOptions) :
    ServerExtension,
    ClientExtension {
    /** The default settings. */
    public constructor() : this(PerMessageDeflateOptions())

    /** The settings that [configure] makes of the defaults. */
    public constructor(configure: Consumer<in PerMessageDeflateOptions>) :
        this(PerMessageDeflateOptions().also(configure::accept))

    /** The settings, in an object of their own each time. */
    public val options: PerMessageDeflateOptions get() = wished.copy()

    private val server = ServerCompression { accept(it.first() as PerMessageDeflateOffer) }
    private val client = ClientCompression(wishes()) { accept(it as PerMessageDeflateResponse) }

    override val offers: List<ExtensionHeader> get() = client.offers

    override fun accept(offers: List<ExtensionHeader>): AgreedExtension? = server.accept(offers)

    override fun confirm(answer: ExtensionHeader): AgreedExtension? = client.confirm(answer)

    private fun accept(offer: PerMessageDeflateOffer) = PerMessageDeflateOfferAccept(
        offer,
        requestMaxWindowBits =
        if (offer.acceptMaxWindowBits) limit(wished.clientMaxWindowBits) else 0,
        announced = true,
        wished.parameters.copy(
            sendWindowBits =
            minOf(wished.serverMaxWindowBits, offer.requestMaxWindowBits.orMaxWindowBits()),
            sendNoContextTakeover = if (wished.serverNoContextTakeover) true else null,
            receiveNoContextTakeover = wished.clientNoContextTakeover,
        ),
    )

    private fun wishes(): List<PerMessageDeflateOffer> {
        val wish = PerMessageDeflateOffer(
            acceptNoContextTakeover = wished.clientNoContextTakeover,
            requestNoContextTakeover = wished.serverNoContextTakeover,
            requestMaxWindowBits = limit(wished.serverMaxWindowBits),
            maxWindowBits = limit(wished.clientMaxWindowBits),
        )
        val lessWished = wish.withRequestNoContextTakeover(false).withRequestMaxWindowBits(0)
        return listOf(wish, lessWished).distinct()
    }

    private fun accept(response: PerMessageDeflateResponse): PerMessageDeflateResponseAccept {
        val peer = response.serverNoContextTakeover
        val own = wished.parameters.copy(receiveNoContextTakeover = peer)
        return PerMessageDeflateResponseAccept(response, own)
    }

    /** Window bits for an offer or an answer, where 0 stands for the default of 15. */
    private fun limit(bits: Int) = if (bits == DeflateParameters.MAX_WINDOW_BITS) 0 else bits

    override fun equals(other: Any?): Boolean =
        other is PerMessageDeflate && other.wished.fields() == wished.fields()

    override fun hashCode(): Int = wished.fields().hashCode()

    override fun toString(): String = "${DeflateCompression.extensionName} ${wished.fields()}"

    internal companion object {
        /** Returns the extension with [options], which must not change any more. */
        fun of(options: PerMessageDeflateOptions): PerMessageDeflate = PerMessageDeflate(options)
    }
}

/** Returns permessage-deflate with the settings that [configure] makes of the defaults. */
@JvmSynthetic
public fun PerMessageDeflate(configure: PerMessageDeflateOptions.() -> Unit): PerMessageDeflate =
    PerMessageDeflate.of(PerMessageDeflateOptions().apply(configure))
