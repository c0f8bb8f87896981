package dev.kobahn.internal.java

import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.withTimeoutOrNull

/** How many messages a listener still asks for. One coroutine takes, anybody adds. */
internal class Demand {
    private val left = AtomicLong()
    private val changed = Channel<Unit>(Channel.CONFLATED)

    @Volatile
    private var ended = false

    /** Asks for [count] more; [Long.MAX_VALUE] and beyond is without end. */
    fun add(count: Long) {
        left.updateAndGet { if (it > UNBOUNDED - count) UNBOUNDED else it + count }
        changed.trySend(Unit)
    }

    /** No more messages will come than those that wait. */
    fun end() {
        ended = true
        changed.trySend(Unit)
    }

    /** Takes one, if there is one. */
    fun tryTake(): Boolean =
        left.getAndUpdate { if (it == 0L || it == UNBOUNDED) it else it - 1 } > 0

    /**
     * Takes one, suspending until there is one. After the [end] it waits no longer than [patience],
     * and not at all when nothing [isWaiting]; false if there was none then.
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
