package dev.kobahn.protocol

/** The masking of a [RawFrame]. Immutable. */
public class FrameMask private constructor(
    @get:JvmSynthetic
    internal val key: Int?,
    @get:JvmSynthetic
    internal val isWritten: Boolean,
    @get:JvmSynthetic
    internal val isApplied: Boolean,
) {
    public companion object {
        /**
         * Masked like every other frame of the connection: with a key of its own, or not at all.
         */
        @JvmField
        public val USUAL: FrameMask = FrameMask(null, isWritten = true, isApplied = true)

        /** Not masked, and without the mask bit. */
        @JvmField
        public val NONE: FrameMask = FrameMask(null, isWritten = false, isApplied = false)

        /**
         * Masked with [key], whose most significant byte is the first on the wire.
         *
         * @param isWritten whether the header contains the key; the mask bit is always set
         * @param isApplied whether the payload is combined with the key
         */
        @JvmStatic
        @JvmOverloads
        public fun of(key: Int, isWritten: Boolean = true, isApplied: Boolean = true): FrameMask =
            FrameMask(key, isWritten, isApplied)
    }
}
