package dev.kobahn.protocol.extension

import dev.kobahn.protocol.extension.deflate.DeflateCompression

/**
 * A way to compress messages, with an element of `Sec-WebSocket-Extensions` that is read in both
 * directions. Autobahn: an entry of `PERMESSAGE_COMPRESSION_EXTENSION`. Immutable.
 *
 * @property extensionName the registered name, such as `permessage-deflate`
 */
public abstract class PerMessageCompression internal constructor(public val extensionName: String) {
    /**
     * What a client offers with [params].
     *
     * @throws ExtensionException if there is something wrong with them
     */
    @JvmSynthetic
    internal abstract fun readOffer(params: ExtensionParameters): PerMessageCompressOffer

    /**
     * What a server answers with [params].
     *
     * @throws ExtensionException if there is something wrong with them
     */
    @JvmSynthetic
    internal abstract fun readResponse(params: ExtensionParameters): PerMessageCompressResponse

    /** Whether [header] is an element of this extension; case does not count. */
    @JvmSynthetic
    internal fun isNamedBy(header: ExtensionHeader): Boolean =
        header.name.equals(extensionName, ignoreCase = true)

    /** An element of this extension. Parameters that are null are not there. */
    @JvmSynthetic
    internal fun header(vararg params: ExtensionParameter?): ExtensionHeader =
        ExtensionHeader(extensionName, params.filterNotNull())

    override fun toString(): String = extensionName

    /** Those that need no library. */
    public companion object {
        /** permessage-deflate (RFC 7692). */
        @JvmStatic
        public val deflate: PerMessageCompression get() = DeflateCompression
    }
}
