package dev.kobahn.protocol

import java.util.concurrent.atomic.AtomicLongArray

/**
 * What went over a connection, counted where it passes. Each place has one writer at a time, the
 * sender of frames under the output's monitor or the thread that receives, so that a count costs an
 * ordered store and nothing waits; any thread may read.
 */
internal class TrafficCounts {
    private val counts = AtomicLongArray(SIZE)

    /** Whether what is received still counts: not after our Close. */
    @Volatile
    var isOpen = true

    /** A data frame is begun; its payload is told by [dataSent] or [payloadSent]. */
    fun frameSent() = add(FRAMES_SENT, 1)

    /** Payload of a data frame; before extensions transformed it, it was [applicationSent]. */
    fun payloadSent(count: Int) = add(PAYLOAD_SENT, count.toLong())

    /** Octets of the application are sent. */
    fun applicationSent(count: Int) = add(APPLICATION_SENT, count.toLong())

    /** Payload of a data frame, as the application gave it. */
    fun dataSent(count: Int) {
        payloadSent(count)
        applicationSent(count)
    }

    fun messageSent() = add(MESSAGES_SENT, 1)

    /** The message that was begun is not sent after all. */
    fun messageRevoked() = add(MESSAGES_SENT, -1)

    /** Payload of a data frame came; once extensions restored it, it is [applicationReceived]. */
    fun payloadReceived(count: Int) {
        if (isOpen) add(PAYLOAD_RECEIVED, count.toLong())
    }

    /** Octets for the application came. */
    fun applicationReceived(count: Int) {
        if (isOpen) add(APPLICATION_RECEIVED, count.toLong())
    }

    fun frameReceived() {
        if (isOpen) add(FRAMES_RECEIVED, 1)
    }

    fun messageReceived() {
        if (isOpen) add(MESSAGES_RECEIVED, 1)
    }

    private fun add(place: Int, count: Long) = counts.lazySet(place, counts.get(place) + count)

    /** For what is counted elsewhere; by the place's only writer. */
    operator fun set(place: Int, count: Long) = counts.lazySet(place, count)

    operator fun get(place: Int): Long = counts.get(place)

    /** All counts as they are now, by their places. */
    fun toArray() = LongArray(SIZE, counts::get)

    companion object {
        const val WIRE_SENT = 0
        const val WIRE_RECEIVED = 1
        const val PREOPEN_SENT = 2
        const val PREOPEN_RECEIVED = 3
        const val PAYLOAD_SENT = 4
        const val PAYLOAD_RECEIVED = 5
        const val APPLICATION_SENT = 6
        const val APPLICATION_RECEIVED = 7
        const val FRAMES_SENT = 8
        const val FRAMES_RECEIVED = 9
        const val MESSAGES_SENT = 10
        const val MESSAGES_RECEIVED = 11
        private const val SIZE = 12
    }
}
