package dev.kobahn.protocol.extension

/**
 * A way to compress messages, with an element of `Sec-WebSocket-Extensions` that is read in both
 * directions. Autobahn: an entry of `PERMESSAGE_COMPRESSION_EXTENSION`. Subclasses are immutable.
 *
 * A module that brings a compression of its own makes it known to servers by a
 * [CompressionProvider].
 *
 * @property extensionName the registered name, such as `permessage-deflate`
 */
public abstract class PerMessageCompression(public val extensionName: String) {
    /**
     * Reads what a client offers with [params].
     *
     * @throws ExtensionException if a parameter is wrong
     */
    public abstract fun readOffer(params: ExtensionParameters): PerMessageCompressOffer

    /**
     * Reads what a server answers with [params].
     *
     * @throws ExtensionException if a parameter is wrong
     */
    public abstract fun readResponse(params: ExtensionParameters): PerMessageCompressResponse

    /** Whether [header] is an element of this extension; case does not count. */
    @JvmSynthetic
    internal fun isNamedBy(header: ExtensionHeader): Boolean =
        header.name.equals(extensionName, ignoreCase = true)

    /** Returns an element of this extension, without the [params] that are null. */
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
