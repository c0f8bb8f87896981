package dev.kobahn.protocol

/** The result of [Utf8Validator.validate] after a chunk: the four values of ws4py and Autobahn. */
public class Utf8Validity internal constructor(
    /** Whether all bytes so far are valid. */
    public val valid: Boolean,
    /** Whether they end with a complete code point. */
    public val endsOnCodePoint: Boolean,
    /** The index of the invalid byte in this chunk, or the chunk's length. */
    public val currentIndex: Int,
    /** The index of the invalid byte since the last reset, or the number of bytes fed since. */
    public val totalIndex: Long,
) {
    /** Destructures into [valid]. */
    public operator fun component1(): Boolean = valid

    /** Destructures into [endsOnCodePoint]. */
    public operator fun component2(): Boolean = endsOnCodePoint

    /** Destructures into [currentIndex]. */
    public operator fun component3(): Int = currentIndex

    /** Destructures into [totalIndex]. */
    public operator fun component4(): Long = totalIndex

    override fun toString(): String =
        "Utf8Validity(valid=$valid, endsOnCodePoint=$endsOnCodePoint, " +
            "currentIndex=$currentIndex, totalIndex=$totalIndex)"
}
