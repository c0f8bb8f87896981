package dev.kobahn.protocol.extension

/**
 * A method to compress messages, with an element of `Sec-WebSocket-Extensions` for offers and
 * answers. Autobahn: an entry of `PERMESSAGE_COMPRESSION_EXTENSION`. Subclasses are immutable.
 *
 * A module with a compression of its own makes it known to servers by a [CompressionProvider].
 *
 * @property extensionName the registered name, such as `permessage-deflate`
 */
public abstract class PerMessageCompression(public val extensionName: String) {
    /**
     * Reads a client's offer from [params].
     *
     * @throws ExtensionException if a parameter is wrong
     */
    public abstract fun readOffer(params: ExtensionParameters): PerMessageCompressOffer

    /**
     * Reads a server's answer from [params].
     *
     * @throws ExtensionException if a parameter is wrong
     */
    public abstract fun readResponse(params: ExtensionParameters): PerMessageCompressResponse

    /** Whether [header] is an element of this extension, without regard to case. */
    @JvmSynthetic
    internal fun isNamedBy(header: ExtensionHeader): Boolean =
        header.name.equals(extensionName, ignoreCase = true)

    /** Makes an element of this extension, without the [params] that are null. */
    public fun header(vararg params: ExtensionParameter?): ExtensionHeader =
        ExtensionHeader(extensionName, params.filterNotNull())

    override fun toString(): String = extensionName

    /** The compressions of this module. */
    public companion object {
        /** permessage-deflate (RFC 7692). */
        @JvmStatic
        public val deflate: PerMessageCompression get() = DeflateCompression
    }
}
