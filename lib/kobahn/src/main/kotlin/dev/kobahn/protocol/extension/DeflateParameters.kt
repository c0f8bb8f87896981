package dev.kobahn.protocol.extension

/**
 * The parameters of permessage-deflate as one end of a connection sees them: the negotiated ones
 * (RFC 7692 section 7.1), and those that each end chooses for itself. Immutable. An acceptor may
 * leave some of them open, which is null here; [agreed] fills them in.
 *
 * @throws IllegalArgumentException for a value out of its range, naming it
 */
internal data class DeflateParameters(
    /**
     * The window for sent messages, 8 to 15: they may refer back to 2 to the power of this many
     * bytes. Null is the largest window that the peer allows.
     */
    val sendWindowBits: Int? = null,
    /** Whether no sent message refers to an earlier one. Null does as the peer asks. */
    val sendNoContextTakeover: Boolean? = null,
    /** Whether no received message refers to an earlier one. */
    val receiveNoContextTakeover: Boolean = false,
    /** 0 to 9, or -1 for zlib's default. */
    val compressionLevel: Int = DEFAULT_COMPRESSION_LEVEL,
    /**
     * The memory of the compressor, 1 to 9 as in zlib; the JDK's deflater has no such setting. With
     * 8 and 9 a connection keeps a deflater of about 256 KiB. With less it borrows a deflater for
     * each message and keeps only the end of the messages that it sent: 2 to the power of this plus
     * 8 bytes, from 512 to 32 Ki. Keeping more makes each message slower. With a smaller window,
     * or without context takeover, it always borrows. Null is [DEFAULT_MEM_LEVEL].
     */
    val memLevel: Int? = null,
    /** Shorter messages, in bytes, are sent uncompressed. */
    val threshold: Int = 0,
    /** The factor by which a message may grow if it inflates to more than a MiB; 0 is no limit. */
    val maxInflateRatio: Int = DEFAULT_MAX_INFLATE_RATIO,
    /** The longest message in bytes after inflating; null and 0 are no limit. */
    val maxMessageSize: Long? = null,
) {
    init {
        require(memLevel == null || memLevel in MEM_LEVELS) {
            "memLevel is $memLevel, must be 1 to 9"
        }
        require(maxMessageSize == null || maxMessageSize >= 0) {
            "maxMessageSize is $maxMessageSize, must be 0 (no limit) or more"
        }
        require(compressionLevel in COMPRESSION_LEVELS) {
            "compressionLevel is $compressionLevel, must be 0 to 9, or -1 (zlib's default)"
        }
        require(threshold >= 0) { "threshold is $threshold, must be 0 or more" }
        require(maxInflateRatio >= 0) {
            "maxInflateRatio is $maxInflateRatio, must be 0 (no limit) or more"
        }
    }

    /** Whether sent messages may refer to earlier ones. */
    val takesOver: Boolean get() = sendNoContextTakeover != true

    /** The window for sent messages: the largest one unless something limits it. */
    val windowBits: Int get() = sendWindowBits ?: MAX_WINDOW_BITS

    /** These parameters with nothing left open, once both ends agree on how this end sends. */
    fun agreed(sendWindowBits: Int, sendNoContextTakeover: Boolean): DeflateParameters = copy(
        sendWindowBits = sendWindowBits,
        sendNoContextTakeover = sendNoContextTakeover,
        memLevel = memLevel ?: DEFAULT_MEM_LEVEL,
        maxMessageSize = maxMessageSize ?: 0,
    )

    /** The parameters that are not negotiated, by Autobahn's names where Autobahn has them. */
    fun fields(): Map<String, Any?> = linkedMapOf(
        "mem_level" to memLevel,
        "max_message_size" to maxMessageSize,
        "compression_level" to compressionLevel,
        "threshold" to threshold,
        "max_inflate_ratio" to maxInflateRatio,
    )

    companion object {
        const val MAX_WINDOW_BITS = 15
        const val MAX_WINDOW = 1 shl MAX_WINDOW_BITS
        val WINDOW_BITS = 8..MAX_WINDOW_BITS

        const val DEFAULT_COMPRESSION_LEVEL = -1
        private val COMPRESSION_LEVELS = -1..9

        /**
         * Less than zlib's 8: where many connections take turns, their deflaters push each other
         * out of the processor's cache, and with 8 a message of 1 KiB costs four times as much.
         */
        const val DEFAULT_MEM_LEVEL = 5
        private val MEM_LEVELS = 1..9

        const val DEFAULT_MAX_INFLATE_RATIO = 256

        /** Checks window bits in an offer or an answer, where 0 does not ask for a limit. */
        fun checkRequest(name: String, bits: Int) = require(bits == 0 || bits in WINDOW_BITS) {
            "$name is $bits, must be 8 to 15, or 0 (not asked for)"
        }

        /** Checks the window bits of this end, which must not exceed [max]. */
        fun checkWindow(name: String, bits: Int, max: Int = MAX_WINDOW_BITS) {
            require(bits in WINDOW_BITS.first..max) { "$name is $bits, must be 8 to $max" }
        }
    }
}

/** Replaces 0, which does not ask for a limit, by the largest window. */
internal fun Int.orMaxWindowBits(): Int = if (this == 0) DeflateParameters.MAX_WINDOW_BITS else this
