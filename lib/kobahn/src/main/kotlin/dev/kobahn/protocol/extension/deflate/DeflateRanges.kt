package dev.kobahn.protocol.extension.deflate

/** What the values of permessage-deflate may be; the checks throw an [IllegalArgumentException]. */
internal object DeflateRanges {
    val WINDOW_BITS = 8..DeflateSettings.MAX_WINDOW_BITS
    private val COMPRESSION_LEVELS = -1..9
    private val MEM_LEVELS = 1..9

    const val COMPRESSION_LEVEL = -1

    /**
     * Not zlib's 8: where many connections take turns, their deflaters push each other out of the
     * processor's cache, and a message of 1 KiB costs four times as much as with this.
     */
    const val MEM_LEVEL = 5

    /** A message may be this many times as long as what it was inflated from. */
    const val MAX_INFLATE_RATIO = 256

    /** Window bits that are 0 if they are not asked for. */
    fun checkRequest(name: String, bits: Int) = require(bits == 0 || bits in WINDOW_BITS) {
        "$name is $bits, must be 8 to 15, or 0 (not asked for)"
    }

    /** Window bits of this end, not above [max]. */
    fun checkWindow(name: String, bits: Int, max: Int = WINDOW_BITS.last) {
        require(bits in WINDOW_BITS.first..max) { "$name is $bits, must be 8 to $max" }
    }

    /** What is this end's own business. */
    fun checkOwn(
        memLevel: Int?,
        maxMessageSize: Long?,
        compressionLevel: Int,
        threshold: Int,
        maxInflateRatio: Int,
    ) {
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
}
