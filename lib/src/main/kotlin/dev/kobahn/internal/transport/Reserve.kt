package dev.kobahn.internal.transport

/**
 * A little memory that is given up where there is none left: what has to be done then, to close a
 * channel, to make an exception and to log it, needs some. It is taken again later. Not thread-safe.
 */
internal class Reserve {
    private var octets: ByteArray? = ByteArray(SIZE)
    private var releasedAt = 0L

    /** Gives it up if [failure] is a lack of memory. Allocates nothing. */
    fun release(failure: Throwable) {
        if (failure !is OutOfMemoryError) return
        octets = null
        releasedAt = System.nanoTime()
    }

    /** Takes it again if it was given up some time ago. */
    fun refill() {
        if (octets != null || System.nanoTime() - releasedAt < PAUSE_NANOS) return
        try {
            octets = ByteArray(SIZE)
        } catch (failure: OutOfMemoryError) {
            release(failure)
        }
    }

    private companion object {
        const val SIZE = 256 * 1024

        /** To fail costs a run of the garbage collector. */
        const val PAUSE_NANOS = 1_000_000_000L
    }
}
