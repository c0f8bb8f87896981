package dev.kobahn.internal.server

import java.util.concurrent.atomic.AtomicInteger

/** A place that a server has for a connection. */
internal enum class Place {
    /** One of `maxConnections`: for a WebSocket or any other request. */
    CONNECTION,

    /** One above them, for a page only: a full server must still look healthy to its balancer. */
    PAGE,
}

/**
 * The places of a server. Refused connections take none, or a flood would take all. Thread-safe.
 *
 * @param maxConnections the number of places for WebSockets, 0 for no limit
 */
internal class Places(private val maxConnections: Int) {
    private val connections = AtomicInteger()
    private val pages = AtomicInteger()

    /** The number of connections that have a [Place.CONNECTION]. */
    val connectionCount: Int get() = connections.get()

    /** Takes a place; returns null if there is none. */
    fun take(): Place? = when {
        connections.takeOne(if (maxConnections > 0) maxConnections else Int.MAX_VALUE) ->
            Place.CONNECTION

        pages.takeOne(MAX_PAGES) -> Place.PAGE

        else -> null
    }

    private fun AtomicInteger.takeOne(max: Int): Boolean {
        while (true) {
            val taken = get()
            if (taken >= max) return false
            if (compareAndSet(taken, taken + 1)) return true
        }
    }

    /** Gives [place] back, if it is one. */
    fun giveBack(place: Place?) {
        when (place) {
            Place.CONNECTION -> connections.decrementAndGet()
            Place.PAGE -> pages.decrementAndGet()
            null -> Unit
        }
    }

    companion object {
        /** The number of connections above the limit whose requests are read. */
        const val MAX_PAGES = 32
    }
}
