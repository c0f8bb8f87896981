package dev.kobahn.internal.transport

/**
 * A little memory that is given up where there is none left: what has to be done then, to close a
 * channel, to make an exception and to log it, needs some. It is taken again later. Not thread-safe.
 */
internal class Reserve {
    private var octets: ByteArray? = ByteArray(SIZE)
    private var releasedAt = 0L
    private val isFresh get() = System.nanoTime() - releasedAt < PAUSE_NANOS

    /** Whether it is there. */
    val isFull: Boolean get() = octets != null

    /** Gives it up if [failure] is a lack of memory. Allocates nothing. */
    fun release(failure: Throwable) {
        if (failure is OutOfMemoryError) release()
    }

    /** Gives it up. Allocates nothing. */
    fun release() {
        octets = null
        releasedAt = System.nanoTime()
    }

    /** Takes it again if it was given up some time ago; whether it did. */
    fun refill(): Boolean {
        if (octets != null || isFresh) return false
        try {
            octets = ByteArray(SIZE)
            return true
        } catch (failure: OutOfMemoryError) {
            release(failure)
            return false
        }
    }

    private companion object {
        const val SIZE = 256 * 1024

        /** To fail costs a run of the garbage collector. */
        const val PAUSE_NANOS = 1_000_000_000L
    }
}
