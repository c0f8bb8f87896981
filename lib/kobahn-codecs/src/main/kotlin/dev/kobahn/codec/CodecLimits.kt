package dev.kobahn.codec

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.extension.MessageEncoder

/** The settings that an end of a connection chooses without negotiation, for every compression. */
internal class CodecLimits(
    val maxMessageSize: Long?,
    val threshold: Int,
    val maxInflateRatio: Int,
) {
    init {
        require(maxMessageSize == null || maxMessageSize >= 0) {
            "maxMessageSize is $maxMessageSize, must be 0 (no limit) or more"
        }
        require(threshold >= 0) { "threshold is $threshold, must be 0 or more" }
        require(maxInflateRatio >= 0) {
            "maxInflateRatio is $maxInflateRatio, must be 0 (no limit) or more"
        }
    }

    val fields: Map<String, Any?>
        get() = linkedMapOf(
            "max_message_size" to maxMessageSize,
            "threshold" to threshold,
            "max_inflate_ratio" to maxInflateRatio,
        )

    /** Returns [encoder], restricted to messages of at least [threshold] bytes. */
    fun apply(encoder: MessageEncoder): MessageEncoder =
        if (threshold == 0) encoder else LongMessagesEncoder(encoder, threshold)

    companion object {
        /** The same default as for permessage-deflate. */
        const val MAX_INFLATE_RATIO = 256

        /** The default for compressions with a very high ratio: 16 MiB. */
        const val MAX_MESSAGE_SIZE = 16L * 1024 * 1024
    }
}

/** Leaves messages shorter than [threshold] bytes uncompressed. */
private class LongMessagesEncoder(
    private val encoder: MessageEncoder,
    private val threshold: Int,
) : MessageEncoder by encoder {
    override fun begin(type: MessageType, length: Long): Boolean =
        length !in 0 until threshold && encoder.begin(type, length)
}
