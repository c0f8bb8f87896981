package dev.kobahn.codec

import dev.kobahn.codec.brotli.BrotliCompression
import dev.kobahn.codec.bzip2.Bzip2Compression
import dev.kobahn.codec.snappy.SnappyCompression
import dev.kobahn.protocol.extension.CompressionProvider
import dev.kobahn.protocol.extension.PerMessageCompression

/**
 * The compressions of Autobahn besides permessage-deflate. No RFC describes them, so use them only
 * with peers that are Kobahn or Autobahn.
 *
 * A client offers a compression with its offer object, such as [PerMessageBrotliOffer]. A server
 * with this module on its class path passes such offers to `perMessageCompression`.
 *
 * Snappy and brotli have native code. If it does not work, the compression is neither offered nor
 * accepted, and asking for it throws an [IllegalStateException] that names the artifact.
 */
public object KobahnCodecs {
    /** The compression permessage-bzip2. It uses `org.apache.commons:commons-compress`. */
    @JvmStatic
    public val bzip2: PerMessageCompression get() = Bzip2Compression.present()

    /**
     * The compression permessage-snappy. It uses `org.xerial.snappy:snappy-java`, which has native
     * code.
     */
    @JvmStatic
    public val snappy: PerMessageCompression get() = SnappyCompression.present()

    /**
     * The compression permessage-brotli. It uses `com.aayushatharva.brotli4j:brotli4j`, whose
     * native code is in an artifact for each platform; Maven adds the one for the machine it runs
     * on.
     *
     * With context takeover a connection keeps 1.3 MiB of memory outside the heap for sent
     * messages, and up to 16 MiB for received ones, as the peer decides.
     */
    @JvmStatic
    public val brotli: PerMessageCompression get() = BrotliCompression.present()

    /** Returns the compressions whose library works here. The first call loads the libraries. */
    @JvmStatic
    public fun available(): List<PerMessageCompression> =
        listOf(Bzip2Compression, SnappyCompression, BrotliCompression).filter { it.library.isThere }
}

/** Makes the codecs known to servers. `META-INF/services` names this class as a service. */
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
