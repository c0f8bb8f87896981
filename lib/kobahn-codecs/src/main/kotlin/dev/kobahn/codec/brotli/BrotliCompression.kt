package dev.kobahn.codec.brotli

import com.aayushatharva.brotli4j.Brotli4jLoader
import dev.kobahn.codec.CodecLimits
import dev.kobahn.codec.ContextTakeoverCompression
import dev.kobahn.codec.PerMessageBrotliOffer
import dev.kobahn.codec.PerMessageBrotliResponse
import dev.kobahn.protocol.extension.MessageDecoder
import dev.kobahn.protocol.extension.MessageEncoder

/** The compression permessage-brotli: its parameters and its codec. */
internal object BrotliCompression : ContextTakeoverCompression(
    "permessage-brotli",
    "com.aayushatharva.brotli4j:brotli4j, with its native library for this platform",
    ::probe,
) {
    override val maxMessageSize: Long get() = CodecLimits.MAX_MESSAGE_SIZE

    override fun offer(accept: Boolean, request: Boolean): PerMessageBrotliOffer =
        PerMessageBrotliOffer(accept, request)

    override fun response(client: Boolean, server: Boolean): PerMessageBrotliResponse =
        PerMessageBrotliResponse(client, server)

    override fun encoder(noContextTakeover: Boolean): MessageEncoder =
        BrotliEncoder(noContextTakeover)

    override fun decoder(noContextTakeover: Boolean): MessageDecoder =
        BrotliDecoder(noContextTakeover)
}

/** Loads the native library. */
private fun probe() = Brotli4jLoader.ensureAvailability()
