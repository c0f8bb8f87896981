package dev.kobahn.protocol

import java.nio.ByteBuffer

/**
 * Puts the chunks of a message together. Memory is bounded by what arrived: never more than twice
 * that is allocated, whatever length was declared, and a message that comes in one chunk is
 * allocated once, exactly. Not thread-safe.
 */
public class MessageAssembler {
    private var octets = EMPTY
    private var size = 0

    /** How far the array may grow ahead of need. */
    private var limit = 0

    /**
     * A data frame with [length] octets of payload begins. The first one may well be the last, so
     * that nothing is allocated beyond its end; after that frames may be many and short.
     */
    public fun beginFrame(length: Long) {
        limit = if (size == 0) minOf(length, NO_LIMIT.toLong()).toInt() else NO_LIMIT
    }

    /**
     * Adds what [chunk] has remaining, and consumes it.
     *
     * @throws ProtocolException if the message becomes longer than an array can be, 2 GiB
     */
    public fun append(chunk: ByteBuffer) {
        val count = chunk.remaining()
        val needed = size.toLong() + count
        if (needed > octets.size) octets = octets.copyOf(capacity(needed, growthLimit(needed)))
        chunk.get(octets, size, count)
        size += count
    }

    /** What was declared says nothing any more once it is exceeded, by what an extension restored. */
    private fun growthLimit(needed: Long) =
        (if (size > 0 && needed > limit) NO_LIMIT else limit).toLong()

    /** Returns the message's octets and starts afresh. */
    public fun end(): ByteArray {
        val message = if (size == octets.size) octets else octets.copyOf(size)
        clear()
        return message
    }

    /** How many octets the array has that the message is collected in. */
    internal val capacity: Int get() = octets.size

    /** Forgets what was collected. */
    public fun clear() {
        octets = EMPTY
        size = 0
        limit = 0
    }

    internal companion object {
        /** The longest array every JVM can allocate. */
        const val MAX_SIZE: Int = Int.MAX_VALUE - 8

        private const val NO_LIMIT = Int.MAX_VALUE
        private val EMPTY = ByteArray(0)

        /**
         * The size of an array that takes [needed] octets: twice that if [limit] allows, so that a
         * message of many chunks is not copied for each, and one whose end is near not at all.
         */
        fun capacity(needed: Long, limit: Long): Int {
            if (needed > MAX_SIZE) {
                throw ProtocolException(Violation.MESSAGE_TOO_BIG, "more than $MAX_SIZE octets")
            }
            return minOf(maxOf(needed, minOf(2 * needed, limit)), MAX_SIZE.toLong()).toInt()
        }
    }
}
