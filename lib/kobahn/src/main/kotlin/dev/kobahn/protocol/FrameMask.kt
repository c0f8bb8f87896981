package dev.kobahn.protocol

/** The masking of a [RawFrame]. Immutable. */
public class FrameMask private constructor(
    @get:JvmSynthetic
    internal val isWritten: Boolean,
    @get:JvmSynthetic
    internal val isApplied: Boolean,
    @get:JvmSynthetic
    internal val key: Int?,
) {
    /** Masked with [key], whose most significant byte is the first on the wire. */
    public constructor(key: Int) : this(key, isWritten = true, isApplied = true)

    /**
     * Masked with [key], whose most significant byte is the first on the wire.
     *
     * @param isWritten whether the header contains the key; the mask bit is always set
     * @param isApplied whether the payload is combined with the key
     */
    public constructor(key: Int, isWritten: Boolean, isApplied: Boolean) :
        this(isWritten, isApplied, key)

    /** The masks without a key of the program's. */
    public companion object {
        /**
         * Masked like every other frame of the connection: with a key of its own, or not at all.
         */
        @JvmField
        public val USUAL: FrameMask = FrameMask(isWritten = true, isApplied = true, key = null)

        /** Not masked, and without the mask bit. */
        @JvmField
        public val NONE: FrameMask = FrameMask(isWritten = false, isApplied = false, key = null)
    }
}
