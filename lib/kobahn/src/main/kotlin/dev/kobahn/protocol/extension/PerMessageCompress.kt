package dev.kobahn.protocol.extension

import dev.kobahn.protocol.appendJson

/**
 * A step in the negotiation of a compression: [PerMessageCompressOffer],
 * [PerMessageCompressOfferAccept], [PerMessageCompressResponse] or
 * [PerMessageCompressResponseAccept]. Immutable. Steps of the same class with the same values are
 * equal.
 */
public abstract class PerMessageCompressStep protected constructor() {
    /** The compression that this step negotiates. */
    public abstract val compression: PerMessageCompression

    /**
     * Returns all values by Autobahn's names: numbers, booleans, another step, or null. Two steps
     * of one class are equal if these are.
     */
    public abstract fun fields(): Map<String, Any?>

    private fun namedFields(): Map<String, Any?> = mapOf("extension" to compression.extensionName) +
        fields().mapValues { (_, value) ->
            if (value is PerMessageCompressStep) value.namedFields() else value
        }

    @JvmSynthetic
    internal fun json(): String = StringBuilder().appendJson(namedFields()).toString()

    final override fun equals(other: Any?): Boolean = other is PerMessageCompressStep &&
        other.javaClass == javaClass && other.fields() == fields()

    final override fun hashCode(): Int = fields().hashCode()

    final override fun toString(): String = json()
}

/**
 * A client's offer. The client's application makes it, and the server's acceptor decides on it.
 * Autobahn: `PerMessageCompressOffer`.
 */
public abstract class PerMessageCompressOffer
protected constructor(
    final override val compression: PerMessageCompression,
) : PerMessageCompressStep() {
    /** Returns the offer as an element of the header. Autobahn: `get_extension_string`. */
    public abstract fun toHeader(): ExtensionHeader

    /**
     * Returns the reason why [response], which is of the same compression, does not answer this
     * offer; or null if it does.
     */
    public abstract fun objection(response: PerMessageCompressResponse): String?
}

/**
 * The decision of a server's acceptor to accept an [offer]. Autobahn:
 * `PerMessageCompressOfferAccept`.
 */
public abstract class PerMessageCompressOfferAccept protected constructor() :
    PerMessageCompressStep() {
    /** The accepted offer, one of those that the client made. */
    public abstract val offer: PerMessageCompressOffer

    final override val compression: PerMessageCompression get() = offer.compression

    /** Returns the answer as an element of the header. Autobahn: `get_extension_string`. */
    public abstract fun toHeader(): ExtensionHeader

    /** Returns the agreement that this answer makes for the server. */
    public abstract fun agree(): AgreedExtension
}

/**
 * A server's answer. The client's acceptor decides on it. Autobahn: `PerMessageCompressResponse`.
 */
public abstract class PerMessageCompressResponse
protected constructor(
    final override val compression: PerMessageCompression,
) : PerMessageCompressStep() {
    /** Returns the answer as an element of the header. */
    public abstract fun toHeader(): ExtensionHeader

    /** Accepts this response without any setting of the client's own. */
    public abstract fun acceptAsItIs(): PerMessageCompressResponseAccept
}

/**
 * The decision of a client's acceptor to accept the server's [response]. Autobahn:
 * `PerMessageCompressResponseAccept`.
 */
public abstract class PerMessageCompressResponseAccept protected constructor() :
    PerMessageCompressStep() {
    /** The accepted answer, the one that the acceptor was given. */
    public abstract val response: PerMessageCompressResponse

    final override val compression: PerMessageCompression get() = response.compression

    /**
     * Returns the agreement that this decision makes for the client. The client made [offer], which
     * the response answers.
     */
    public abstract fun agree(offer: PerMessageCompressOffer): AgreedExtension
}
