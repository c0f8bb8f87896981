package dev.kobahn.protocol.extension

import dev.kobahn.protocol.appendJson

/**
 * A step of agreeing on a compression: [PerMessageCompressOffer], [PerMessageCompressOfferAccept],
 * [PerMessageCompressResponse] or [PerMessageCompressResponseAccept]. Immutable. Two of the same
 * class with the same values are equal.
 */
public abstract class PerMessageCompressStep protected constructor() {
    /** The compression that this is about. */
    public abstract val compression: PerMessageCompression

    /**
     * Returns all values by Autobahn's names: numbers, truth values, another step, or null. Two steps
     * of one class are equal if these are.
     */
    public abstract fun fields(): Map<String, Any?>

    private fun namedFields(): Map<String, Any?> = mapOf("extension" to compression.extensionName) +
        fields().mapValues { (_, value) ->
            if (value is PerMessageCompressStep) value.namedFields() else value
        }

    /** Returns all values as a JSON object. */
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
protected constructor(
    final override val compression: PerMessageCompression,
) : PerMessageCompressStep() {
    /** The offer as an element of the header. Autobahn: `get_extension_string`. */
    public abstract fun toHeader(): ExtensionHeader

    /**
     * Returns why [response] does not answer this offer, or null if it does. The response is of the
     * same compression.
     */
    public abstract fun objection(response: PerMessageCompressResponse): String?
}

/**
 * How a server accepts an [offer]: made by its acceptor. Autobahn: `PerMessageCompressOfferAccept`.
 */
public abstract class PerMessageCompressOfferAccept protected constructor() :
    PerMessageCompressStep() {
    /** The offer that is accepted, one of those the client made. */
    public abstract val offer: PerMessageCompressOffer

    final override val compression: PerMessageCompression get() = offer.compression

    /** The answer as an element of the header. Autobahn: `get_extension_string`. */
    public abstract fun toHeader(): ExtensionHeader

    /** Returns what the server agrees to by that. */
    public abstract fun agree(): AgreedExtension
}

/**
 * What a server answered: read by the client, where an acceptor decides on it. Autobahn:
 * `PerMessageCompressResponse`.
 */
public abstract class PerMessageCompressResponse
protected constructor(
    final override val compression: PerMessageCompression,
) : PerMessageCompressStep() {
    /** The answer as an element of the header. */
    public abstract fun toHeader(): ExtensionHeader

    /** Accepts this response without any setting of the client's own. */
    public abstract fun acceptAsItIs(): PerMessageCompressResponseAccept
}

/**
 * How a client takes the server's [response]: made by its acceptor. Autobahn:
 * `PerMessageCompressResponseAccept`.
 */
public abstract class PerMessageCompressResponseAccept protected constructor() :
    PerMessageCompressStep() {
    /** The answer that is taken, the one the acceptor was given. */
    public abstract val response: PerMessageCompressResponse

    final override val compression: PerMessageCompression get() = response.compression

    /** Returns what the client agrees to by that. It made [offer], which the response answers. */
    public abstract fun agree(offer: PerMessageCompressOffer): AgreedExtension
}
