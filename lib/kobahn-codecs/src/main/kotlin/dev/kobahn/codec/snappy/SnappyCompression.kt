package dev.kobahn.codec.snappy

import dev.kobahn.codec.ContextTakeoverCompression
import dev.kobahn.codec.PerMessageSnappyOffer
import dev.kobahn.codec.PerMessageSnappyResponse
import dev.kobahn.protocol.extension.MessageDecoder
import dev.kobahn.protocol.extension.MessageEncoder
import org.xerial.snappy.Snappy
import org.xerial.snappy.SnappyError

/** The compression permessage-snappy: its parameters and its codec. */
internal object SnappyCompression : ContextTakeoverCompression(
    "permessage-snappy",
    "org.xerial.snappy:snappy-java",
    ::probe,
) {
    override fun offer(accept: Boolean, request: Boolean): PerMessageSnappyOffer =
        PerMessageSnappyOffer(accept, request)

    override fun response(client: Boolean, server: Boolean): PerMessageSnappyResponse =
        PerMessageSnappyResponse(client, server)

    override fun encoder(noContextTakeover: Boolean): MessageEncoder =
        SnappyEncoder(noContextTakeover)

    override fun decoder(noContextTakeover: Boolean): MessageDecoder =
        SnappyDecoder(noContextTakeover)
}

/** Loads the native library. */
private fun probe() {
    try {
        Snappy.maxCompressedLength(1)
    } catch (e: SnappyError) {
        throw UnsatisfiedLinkError(e.message).apply { initCause(e) }
    }
}
