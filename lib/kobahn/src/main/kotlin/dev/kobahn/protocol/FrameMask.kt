package dev.kobahn.protocol

/** How a [RawFrame] is masked. Immutable. */
public class FrameMask private constructor(
    @get:JvmSynthetic
    internal val key: Int?,
    @get:JvmSynthetic
    internal val isWritten: Boolean,
    @get:JvmSynthetic
    internal val isApplied: Boolean,
) {
    public companion object {
        /** As every other frame of the connection, with a key of its own if they are masked. */
        @JvmField
        public val USUAL: FrameMask = FrameMask(null, isWritten = true, isApplied = true)

        /** Not at all, and without the mask bit. */
        @JvmField
        public val NONE: FrameMask = FrameMask(null, isWritten = false, isApplied = false)

        /**
         * With [key], whose most significant octet is the first on the wire.
         *
         * @param isWritten whether the key stands in the header; the mask bit is set in any case
         * @param isApplied whether the payload is combined with the key
         */
        @JvmStatic
        @JvmOverloads
        public fun of(key: Int, isWritten: Boolean = true, isApplied: Boolean = true): FrameMask =
            FrameMask(key, isWritten, isApplied)
    }
}
