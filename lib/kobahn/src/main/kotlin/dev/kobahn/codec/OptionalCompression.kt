package dev.kobahn.codec

import dev.kobahn.codec.brotli.BrotliCompression
import dev.kobahn.codec.bzip2.Bzip2Compression
import dev.kobahn.codec.snappy.SnappyCompression
import dev.kobahn.protocol.extension.PerMessageCompression

/**
 * The compressions Autobahn has beside permessage-deflate. No RFC describes them, so they are for
 * peers that are Kobahn or Autobahn.
 *
 * Each needs a library that Kobahn does not bring: add it to the dependencies of your application.
 * Without it the compression is neither offered nor accepted, and asking for it is an
 * [IllegalStateException] that names the artifact.
 */
public object OptionalCompression {
    /** permessage-bzip2. Needs `org.apache.commons:commons-compress`. */
    @JvmStatic
    public val bzip2: PerMessageCompression get() = Bzip2Compression.present()

    /** permessage-snappy. Needs `org.xerial.snappy:snappy-java`, which has native code. */
    @JvmStatic
    public val snappy: PerMessageCompression get() = SnappyCompression.present()

    /**
     * permessage-brotli. Needs `com.aayushatharva.brotli4j:brotli4j`, which has native code; that is
     * in an artifact for each platform, and Maven adds the one for the machine it runs on.
     *
     * With context takeover a connection keeps 1.3 MiB of memory outside of the heap for what it
     * sends, and up to 16 MiB for what it receives, as the peer decides.
     */
    @JvmStatic
    public val brotli: PerMessageCompression get() = BrotliCompression.present()

    /** Those whose library is there. Looks for the libraries at the first call, which loads them. */
    @JvmStatic
    public fun available(): List<PerMessageCompression> =
        listOf(Bzip2Compression, SnappyCompression, BrotliCompression).filter { it.library.isThere }
}

/** A compression that needs a library. */
internal abstract class LibraryCompression(
    extensionName: String,
    artifact: String,
    probe: () -> Unit,
) : PerMessageCompression(extensionName) {
    val library = CodecLibrary(extensionName, artifact, probe)
}

/** This, if its library is there, or an [IllegalStateException]. */
internal fun <T : LibraryCompression> T.present(): T = also { it.library.require() }
