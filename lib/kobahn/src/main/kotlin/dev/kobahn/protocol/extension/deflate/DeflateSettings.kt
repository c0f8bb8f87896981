package dev.kobahn.protocol.extension.deflate

/**
 * How one end of a connection speaks permessage-deflate: what was agreed on, seen from this end,
 * and what is this end's own business. Immutable.
 */
internal class DeflateSettings(
    /** How far back what is sent may refer: 2 to the power of this many octets. 8 to 15. */
    val sendWindowBits: Int = MAX_WINDOW_BITS,
    /** Whether what is sent refers to no message before it. */
    val sendNoContextTakeover: Boolean = false,
    /** Whether what is received refers to no message before it. */
    val receiveNoContextTakeover: Boolean = false,
    /** 0 to 9, or -1 for zlib's default. */
    val compressionLevel: Int = -1,
    /**
     * 1 to 9, as in zlib, whose JDK form has no such setting. With 8 and 9 a connection keeps a
     * deflater of about 256 KiB. With less it keeps of what it sent only 2 to the power of this
     * plus 8 octets, from 512 to 32 Ki, for the next message to refer to, and borrows a deflater
     * for each message. That costs time: the more is kept, the more. With a smaller window, or
     * without context takeover, it borrows in any case.
     */
    val memLevel: Int = DeflateRanges.MEM_LEVEL,
    /** Messages of fewer octets are sent as they are. */
    val threshold: Int = 0,
) {
    /** How many octets an encoder that borrows keeps of what it sent. */
    val mostKept: Int get() = 1 shl (memLevel + 8)

    companion object {
        const val MAX_WINDOW_BITS = 15
        const val MAX_WINDOW = 1 shl MAX_WINDOW_BITS

        /** The least [memLevel] at which a connection keeps a deflater. */
        const val KEEPING_LEVEL = 8
    }
}
