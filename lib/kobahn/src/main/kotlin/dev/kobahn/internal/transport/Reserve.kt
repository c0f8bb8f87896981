package dev.kobahn.internal.transport

/**
 * A little memory that is freed when memory has run out: closing a channel, creating an exception and
 * logging it need some. It is allocated again later. Not thread-safe.
 */
internal class Reserve {
    private var bytes: ByteArray? = ByteArray(SIZE)
    private var releasedAt = 0L
    private val isFresh get() = System.nanoTime() - releasedAt < PAUSE_NANOS

    /** Whether the reserve is allocated. */
    val isFull: Boolean get() = bytes != null

    /** Frees the reserve if [failure] is a lack of memory. Allocates nothing. */
    fun release(failure: Throwable) {
        if (failure is OutOfMemoryError) release()
    }

    /** Frees the reserve. Allocates nothing. */
    fun release() {
        bytes = null
        releasedAt = System.nanoTime()
    }

    /** Allocates the reserve again if it was freed some time ago. Returns whether it did. */
    fun refill(): Boolean {
        if (bytes != null || isFresh) return false
        try {
            bytes = ByteArray(SIZE)
            return true
        } catch (failure: OutOfMemoryError) {
            release(failure)
            return false
        }
    }

    private companion object {
        const val SIZE = 256 * 1024

        /** A failed attempt costs a run of the garbage collector, so attempts are rare. */
        const val PAUSE_NANOS = 1_000_000_000L
    }
}
