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
    /** 1 to 9, as in zlib. */
    val memLevel: Int = 8,
    /** Messages of fewer octets are sent as they are. */
    val threshold: Int = 0,
) {
    companion object {
        const val MAX_WINDOW_BITS = 15
    }
}
