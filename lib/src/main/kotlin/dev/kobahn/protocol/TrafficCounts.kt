package dev.kobahn.protocol

import java.util.concurrent.atomic.AtomicLongArray

/**
 * What went over a connection, counted where it passes. Each place has one writer at a time, the
 * sender of frames under the output's monitor or the thread that receives, so that a count costs an
 * ordered store and nothing waits; any thread may read.
 */
internal class TrafficCounts : AtomicLongArray(SIZE) {
    /** Whether what is received still counts: not after our Close. */
    @Volatile
    var isOpen = true

    /** Whether the opening handshake is over, and what it took is counted. */
    @Volatile
    var isPreopenFinal = false

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

    private fun add(place: Int, count: Long) = lazySet(place, get(place) + count)

    /** All counts as they are now, by their places, and one more for [WIRE_SENT]. */
    fun toArray() = LongArray(SIZE + 1) { if (it < SIZE) get(it) else 0 }

    companion object {
        const val WIRE_RECEIVED = 0
        const val PREOPEN_SENT = 1
        const val PREOPEN_RECEIVED = 2
        const val PAYLOAD_SENT = 3
        const val PAYLOAD_RECEIVED = 4
        const val APPLICATION_SENT = 5
        const val APPLICATION_RECEIVED = 6
        const val FRAMES_SENT = 7
        const val FRAMES_RECEIVED = 8
        const val MESSAGES_SENT = 9
        const val MESSAGES_RECEIVED = 10
        private const val SIZE = 11

        /** Not counted here, for the queue of what is sent knows it. */
        const val WIRE_SENT = SIZE
    }
}
