package dev.kobahn.protocol

import java.util.concurrent.atomic.AtomicLong

/**
 * The encodings of a message that goes to many connections: each is made once and shared. Also counts
 * the queues that keep one of them until it is written. Thread-safe.
 */
internal class PreparedEncodings {
    private val encodings = HashMap<Any, ByteArray>(0)
    private val keepers = AtomicLong()

    /** The frame of the uncompressed message, or only its header if the payload is long; null until made. */
    @Volatile
    var head: ByteArray? = null

    /** Returns the encoding in [form], or null if nobody has made it yet. */
    fun get(form: Any): ByteArray? = synchronized(encodings) { encodings[form] }

    /**
     * Keeps what was [encoded] in [form] and returns what is kept: two connections that encode at the
     * same time do not wait for each other, and the first result stays.
     */
    fun keep(form: Any, encoded: ByteArray): ByteArray =
        synchronized(encodings) { encodings.getOrPut(form) { encoded } }

    /** Counts one more keeper, until [release]. */
    fun retain() {
        keepers.incrementAndGet()
    }

    fun release() {
        keepers.decrementAndGet()
    }

    /** Returns each keeper's share of [length] bytes. */
    fun part(length: Long): Long = length / maxOf(1, keepers.get())
}
