package dev.kobahn.codec

import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.CodecPool
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.ExtensionParameters
import dev.kobahn.protocol.extension.MessageDecoder
import dev.kobahn.protocol.extension.MessageEncoder
import dev.kobahn.protocol.extension.PerMessageCompressOffer
import dev.kobahn.protocol.extension.PerMessageCompressResponse
import dev.kobahn.protocol.extension.ReservedBits

/** A compression whose only negotiated parameters are those of context takeover. */
internal abstract class ContextTakeoverCompression(
    extensionName: String,
    artifact: String,
    probe: () -> Unit,
) : LibraryCompression(extensionName, artifact, probe) {
    /** The default maximum size of a message; 0 is no limit. */
    open val maxMessageSize: Long get() = 0

    abstract fun offer(accept: Boolean, request: Boolean): PerMessageCompressOffer

    abstract fun response(client: Boolean, server: Boolean): PerMessageCompressResponse

    abstract fun encoder(noContextTakeover: Boolean): MessageEncoder

    abstract fun decoder(noContextTakeover: Boolean): MessageDecoder

    override fun readOffer(params: ExtensionParameters): PerMessageCompressOffer =
        offer(accept = params.flag(CLIENT), request = params.flag(SERVER))

    override fun readResponse(params: ExtensionParameters): PerMessageCompressResponse =
        response(client = params.flag(CLIENT), server = params.flag(SERVER))

    fun offerHeader(client: Boolean, server: Boolean): ExtensionHeader =
        header(flag(CLIENT, client), flag(SERVER, server))

    fun answerHeader(server: Boolean, client: Boolean): ExtensionHeader =
        header(flag(SERVER, server), flag(CLIENT, client))

    private companion object {
        const val CLIENT = "client_no_context_takeover"
        const val SERVER = "server_no_context_takeover"
    }
}

/** The agreed compression, seen from one end. */
internal class AgreedContextTakeover(
    override val header: ExtensionHeader,
    private val compression: ContextTakeoverCompression,
    private val sendNoContextTakeover: Boolean,
    private val receiveNoContextTakeover: Boolean,
    private val limits: CodecLimits,
) : AgreedExtension {
    override val reservedBits: Int get() = ReservedBits.RSV1
    override val maxMessageSize: Long get() = limits.maxMessageSize ?: compression.maxMessageSize
    override val maxExpansion: Int get() = limits.maxInflateRatio

    override fun encoder(pool: CodecPool): MessageEncoder =
        limits.apply(compression.encoder(sendNoContextTakeover))

    override fun decoder(pool: CodecPool): MessageDecoder =
        compression.decoder(receiveNoContextTakeover)
}
