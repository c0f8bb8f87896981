package dev.kobahn.protocol.extension

import dev.kobahn.protocol.handshake.appendJson

/**
 * A step of agreeing on a compression: [PerMessageCompressOffer], [PerMessageCompressOfferAccept],
 * [PerMessageCompressResponse] or [PerMessageCompressResponseAccept]. Immutable. Two of the same
 * class with the same values are equal.
 */
public abstract class PerMessageCompressStep internal constructor() {
    /** What this is about. */
    public abstract val compression: PerMessageCompression

    /** All values by Autobahn's names. */
    @JvmSynthetic
    internal abstract fun fields(): Map<String, Any?>

    @JvmSynthetic
    internal fun namedFields(): Map<String, Any?> =
        mapOf("extension" to compression.extensionName) + fields()

    /** All values as a JSON object. */
    public fun toJson(): String = StringBuilder().appendJson(namedFields()).toString()

    final override fun equals(other: Any?): Boolean = other is PerMessageCompressStep &&
        other.javaClass == javaClass && other.fields() == fields()

    final override fun hashCode(): Int = fields().hashCode()

    final override fun toString(): String = toJson()
}

/**
 * What a client offers: made by the client's application, and read by the server, where an acceptor
 * decides on it. Autobahn: `PerMessageCompressOffer`.
 */
public abstract class PerMessageCompressOffer
internal constructor(
    final override val compression: PerMessageCompression,
) : PerMessageCompressStep() {
    /** The offer as an element of the header. Autobahn: `get_extension_string`. */
    public abstract fun toHeader(): ExtensionHeader

    /** Why [response] does not answer this, or null if it does. It is of the same compression. */
    @JvmSynthetic
    internal abstract fun objection(response: PerMessageCompressResponse): String?
}

/**
 * How a server accepts an [offer]: made by its acceptor. Autobahn: `PerMessageCompressOfferAccept`.
 */
public abstract class PerMessageCompressOfferAccept internal constructor() :
    PerMessageCompressStep() {
    /** The offer that is accepted, one of those the client made. */
    public abstract val offer: PerMessageCompressOffer

    final override val compression: PerMessageCompression get() = offer.compression

    /** The answer as an element of the header. Autobahn: `get_extension_string`. */
    public abstract fun toHeader(): ExtensionHeader

    /** What the server goes by then. */
    @JvmSynthetic
    internal abstract fun agree(): AgreedExtension
}

/**
 * What a server answered: read by the client, where an acceptor decides on it. Autobahn:
 * `PerMessageCompressResponse`.
 */
public abstract class PerMessageCompressResponse
internal constructor(
    final override val compression: PerMessageCompression,
) : PerMessageCompressStep() {
    /** The answer as an element of the header. */
    public abstract fun toHeader(): ExtensionHeader

    /** Accepts this with nothing of its own. */
    @JvmSynthetic
    internal abstract fun acceptAsItIs(): PerMessageCompressResponseAccept
}

/**
 * How a client takes the server's [response]: made by its acceptor. Autobahn:
 * `PerMessageCompressResponseAccept`.
 */
public abstract class PerMessageCompressResponseAccept internal constructor() :
    PerMessageCompressStep() {
    /** The answer that is taken, the one the acceptor was given. */
    public abstract val response: PerMessageCompressResponse

    final override val compression: PerMessageCompression get() = response.compression

    /** What the client goes by then, having made [offer], which the response answers. */
    @JvmSynthetic
    internal abstract fun agree(offer: PerMessageCompressOffer): AgreedExtension
}
