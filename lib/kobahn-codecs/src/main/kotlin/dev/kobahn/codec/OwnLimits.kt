package dev.kobahn.codec

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.extension.MessageEncoder

/** What an end of a connection decides for itself, whatever the compression. */
internal class OwnLimits(val maxMessageSize: Long?, val threshold: Int, val maxInflateRatio: Int) {
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

    /** [encoder] for the messages that are long enough. */
    fun apply(encoder: MessageEncoder): MessageEncoder =
        if (threshold == 0) encoder else LongMessagesEncoder(encoder, threshold)

    companion object {
        /** As for permessage-deflate. */
        const val MAX_INFLATE_RATIO = 256

        /** Where much comes out of a message at once: 16 MiB. */
        const val MAX_MESSAGE_SIZE = 16L * 1024 * 1024
    }
}

/** Leaves messages of fewer octets than [threshold] as they are. */
private class LongMessagesEncoder(
    private val encoder: MessageEncoder,
    private val threshold: Int,
) : MessageEncoder by encoder {
    override fun begin(type: MessageType, length: Long): Boolean =
        length !in 0 until threshold && encoder.begin(type, length)
}
