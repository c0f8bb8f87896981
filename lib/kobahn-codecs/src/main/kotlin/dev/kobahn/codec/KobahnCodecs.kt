package dev.kobahn.codec

import dev.kobahn.codec.brotli.BrotliCompression
import dev.kobahn.codec.bzip2.Bzip2Compression
import dev.kobahn.codec.snappy.SnappyCompression
import dev.kobahn.protocol.extension.CompressionProvider
import dev.kobahn.protocol.extension.PerMessageCompression

/**
 * The compressions that Autobahn has beside permessage-deflate. No RFC describes them, so they are
 * for peers that are Kobahn or Autobahn.
 *
 * A client offers one with its offer object, such as [PerMessageBrotliOffer]. A server with this
 * module on its class path shows such offers to `perMessageCompressionAccept`.
 *
 * Snappy and brotli have native code. Where it does not work, the compression is neither offered
 * nor accepted, and asking for it throws an [IllegalStateException] that names the artifact.
 */
public object KobahnCodecs {
    /** permessage-bzip2. By `org.apache.commons:commons-compress`. */
    @JvmStatic
    public val bzip2: PerMessageCompression get() = Bzip2Compression.present()

    /** permessage-snappy. By `org.xerial.snappy:snappy-java`, which has native code. */
    @JvmStatic
    public val snappy: PerMessageCompression get() = SnappyCompression.present()

    /**
     * permessage-brotli. By `com.aayushatharva.brotli4j:brotli4j`, whose native code is in an
     * artifact for each platform; Maven adds the one for the machine it runs on.
     *
     * With context takeover a connection keeps 1.3 MiB of memory outside of the heap for what it
     * sends, and up to 16 MiB for what it receives, as the peer decides.
     */
    @JvmStatic
    public val brotli: PerMessageCompression get() = BrotliCompression.present()

    /** Returns the compressions whose library works here. The first call loads the libraries. */
    @JvmStatic
    public fun available(): List<PerMessageCompression> =
        listOf(Bzip2Compression, SnappyCompression, BrotliCompression).filter { it.library.isThere }
}

/** Makes the codecs known to servers. Named as a service in `META-INF/services`. */
public class CodecProvider : CompressionProvider {
    override fun compressions(): List<PerMessageCompression> = KobahnCodecs.available()
}

/** A compression that needs a library. */
internal abstract class LibraryCompression(
    extensionName: String,
    artifact: String,
    probe: () -> Unit,
) : PerMessageCompression(extensionName) {
    val library = CodecLibrary(extensionName, artifact, probe)
}

/** Returns this compression, or throws an [IllegalStateException] if its library does not work. */
internal fun <T : LibraryCompression> T.present(): T = also { it.library.require() }
