package dev.kobahn.protocol.handshake

/**
 * Limits for a head that a peer sends. Lengths are in bytes.
 *
 * @property maxLineLength the longest line without its CRLF, including the request line with the
 * target
 * @property maxHeadSize the whole head up to and including its empty line
 * @property maxHeaders the most header fields
 * @throws IllegalArgumentException unless all are positive
 */
public class HeadLimits(
    public val maxLineLength: Int = DEFAULT_MAX_LINE_LENGTH,
    public val maxHeadSize: Int = DEFAULT_MAX_HEAD_SIZE,
    public val maxHeaders: Int = DEFAULT_MAX_HEADERS,
) {
    init {
        require(maxLineLength > 0) { "maxLineLength must be positive, but is $maxLineLength" }
        require(maxHeadSize > 0) { "maxHeadSize must be positive, but is $maxHeadSize" }
        require(maxHeaders > 0) { "maxHeaders must be positive, but is $maxHeaders" }
    }

    override fun toString(): String =
        "HeadLimits(maxLineLength=$maxLineLength, maxHeadSize=$maxHeadSize, maxHeaders=$maxHeaders)"

    /** The default limits. */
    public companion object {
        /** 8 KiB. */
        internal const val DEFAULT_MAX_LINE_LENGTH: Int = 8 * 1024

        /** 64 KiB. */
        internal const val DEFAULT_MAX_HEAD_SIZE: Int = 64 * 1024

        /** 100 fields. */
        internal const val DEFAULT_MAX_HEADERS: Int = 100

        /** Lines of 8 KiB, 64 KiB in all, and 100 fields. */
        @JvmField
        public val DEFAULT: HeadLimits = HeadLimits()
    }
}
