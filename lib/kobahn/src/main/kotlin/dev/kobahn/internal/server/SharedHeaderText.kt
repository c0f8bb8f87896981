package dev.kobahn.internal.server

import dev.kobahn.protocol.handshake.HeaderValueDecoder
import dev.kobahn.protocol.handshake.isAt

/**
 * Keeps header values that many clients of a server send alike, so that their connections share one
 * text: a connection keeps its request as long as it lives, and costs a third of a kilobyte less so.
 * Thread-safe without a lock: if two threads add the same value at once, it merely exists twice.
 */
internal class SharedHeaderText : HeaderValueDecoder {
    /** The latest value for each place, which follows from its hash. */
    private val recent = arrayOfNulls<String>(PLACES)

    override fun decode(name: String, bytes: ByteArray, start: Int, end: Int): String {
        if (end - start > MAX_LENGTH || SHARED_FIELDS.none { it.equals(name, ignoreCase = true) }) {
            return HeaderValueDecoder.PLAIN.decode(name, bytes, start, end)
        }
        val place = placeOf(bytes, start, end)
        val known = recent[place]
        if (known?.length == end - start && known.isAt(bytes, start)) return known
        return HeaderValueDecoder.PLAIN.decode(name, bytes, start, end).also { recent[place] = it }
    }

    private fun placeOf(bytes: ByteArray, start: Int, end: Int): Int {
        var hash = 0
        for (index in start until end) hash = HASH_FACTOR * hash + bytes[index]
        return (hash xor (hash ushr Short.SIZE_BITS)) and (PLACES - 1)
    }

    private companion object {
        /** Fields that have few different values among the clients of a server, and no secrets. */
        val SHARED_FIELDS = listOf("Host", "Origin", "User-Agent", "Accept-Language")

        const val PLACES = 64
        const val MAX_LENGTH = 256
        const val HASH_FACTOR = 31
    }
}
