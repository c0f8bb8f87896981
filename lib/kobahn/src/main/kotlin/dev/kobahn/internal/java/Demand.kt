package dev.kobahn.internal.java

import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.withTimeoutOrNull

/** The number of messages a listener still asks for. One coroutine takes; any thread may add. */
internal class Demand {
    private val left = AtomicLong()
    private val changed = Channel<Unit>(Channel.CONFLATED)

    @Volatile
    private var ended = false

    /** Asks for [count] more messages. A sum of [Long.MAX_VALUE] or more is unlimited. */
    fun add(count: Long) {
        left.updateAndGet { if (it > UNBOUNDED - count) UNBOUNDED else it + count }
        changed.trySend(Unit)
    }

    /** Tells the taking coroutine that no further messages will arrive. */
    fun end() {
        ended = true
        changed.trySend(Unit)
    }

    /** Takes one message's worth of demand if there is any, and returns whether it did. */
    fun tryTake(): Boolean =
        left.getAndUpdate { if (it == 0L || it == UNBOUNDED) it else it - 1 } > 0

    /**
     * Takes one message's worth of demand and suspends until there is any. After [end] it waits no
     * longer than [patience], and not at all if no message [isWaiting]; it returns false if there
     * is no demand by then.
     */
    suspend fun take(patience: Duration, isWaiting: () -> Boolean): Boolean {
        while (!tryTake()) {
            if (!ended) {
                changed.receive()
            } else if (!isWaiting()) {
                return false
            } else {
                withTimeoutOrNull(patience) { changed.receive() } ?: return tryTake()
            }
        }
        return true
    }

    private companion object {
        const val UNBOUNDED = Long.MAX_VALUE
    }
}
