package dev.kobahn.protocol

import java.nio.ByteBuffer

/**
 * Joins the chunks of a message. Its memory is bounded by the bytes that arrived, whatever length
 * was declared: it allocates at most twice as much, and exactly as much for a message that arrives
 * in one chunk. Not thread-safe.
 */
public class MessageAssembler {
    private var bytes = EMPTY
    private var size = 0

    /** The size up to which the array may grow ahead of need. */
    private var limit = 0

    /**
     * A data frame with [length] bytes of payload begins. The first frame is often the only one,
     * so the array does not grow beyond its end; later frames may be many and short.
     */
    public fun beginFrame(length: Long) {
        limit = if (size == 0) minOf(length, NO_LIMIT.toLong()).toInt() else NO_LIMIT
    }

    /**
     * Adds the remaining bytes of [chunk], and consumes them.
     *
     * @throws ProtocolException if the message becomes longer than an array can be, 2 GiB
     */
    public fun append(chunk: ByteBuffer) {
        val count = chunk.remaining()
        val needed = size.toLong() + count
        if (needed > bytes.size) bytes = bytes.copyOf(capacity(needed, growthLimit(needed)))
        chunk.get(bytes, size, count)
        size += count
    }

    /**
     * An extension may restore more bytes than the frame declared. The declared length is no limit
     * then.
     */
    private fun growthLimit(needed: Long) =
        (if (size > 0 && needed > limit) NO_LIMIT else limit).toLong()

    /** Returns the message's bytes and starts afresh. */
    public fun end(): ByteArray {
        val message = if (size == bytes.size) bytes else bytes.copyOf(size)
        clear()
        return message
    }

    /** The size of the array that collects the message. */
    internal val capacity: Int get() = bytes.size

    /** Forgets the collected bytes. */
    public fun clear() {
        bytes = EMPTY
        size = 0
        limit = 0
    }

    internal companion object {
        /** The longest array every JVM can allocate. */
        const val MAX_SIZE: Int = Int.MAX_VALUE - 8

        private const val NO_LIMIT = Int.MAX_VALUE
        private val EMPTY = ByteArray(0)

        /**
         * Returns the size of an array for [needed] bytes: twice as many if [limit] allows it, so
         * that a message of many chunks is not copied for each. Near its declared end a message
         * gets no spare room.
         */
        fun capacity(needed: Long, limit: Long): Int {
            if (needed > MAX_SIZE) {
                throw ProtocolException(Violation.MESSAGE_TOO_BIG, "more than $MAX_SIZE bytes")
            }
            return minOf(maxOf(needed, minOf(2 * needed, limit)), MAX_SIZE.toLong()).toInt()
        }
    }
}
