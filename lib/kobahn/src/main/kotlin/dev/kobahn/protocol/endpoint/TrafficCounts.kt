package dev.kobahn.protocol.endpoint

import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.atomic.AtomicLongFieldUpdater

/**
 * What went over a connection, counted where it passes. What is sent is counted and read under the
 * monitor of the output. What is received has one writer at a time, the thread that receives, so
 * that a count costs an ordered store and nothing waits; any thread may read it.
 */
internal class TrafficCounts {
    private var framesSent = 0L
    private var messagesSent = 0L
    private var payloadSent = 0L

    @Volatile
    private var wireReceived = 0L

    @Volatile
    private var framesReceived = 0L

    @Volatile
    private var messagesReceived = 0L

    @Volatile
    private var payloadReceived = 0L

    // Heads are bounded.
    private var preopenSent = 0
    private var preopenReceived = 0

    /** Whether the opening handshake is over, and what it took is counted. */
    @Volatile
    private var isPreopenFinal = false

    /** Whether what is received still counts: not after our Close. */
    @Volatile
    var isOpen = true

    /** Octets of the application, where extensions transform messages; else they are the payload. */
    @Volatile
    private var application: ApplicationCounts? = null

    /** What was counted when counting last began anew. */
    @Volatile
    private var origin: LongArray? = null

    private class ApplicationCounts {
        var sent = 0L
        val received = AtomicLong()
    }

    /** Extensions transform messages from now on; before anything is counted. */
    fun extend() {
        application = ApplicationCounts()
    }

    /** The opening handshake took so many octets. On the thread that receives. */
    fun opened(sent: Long, received: Long) {
        preopenSent = Math.toIntExact(sent)
        preopenReceived = Math.toIntExact(received)
        isPreopenFinal = true
    }

    /** A data frame is begun; its payload is told by [dataSent] or [encodedSent]. */
    fun frameSent() {
        framesSent++
    }

    /** Payload of a data frame, as the application gave it. */
    fun dataSent(count: Int) {
        encodedSent(count)
        applicationSent(count)
    }

    /** Payload of a data frame; before extensions transformed it, it was [applicationSent]. */
    fun encodedSent(count: Int) {
        payloadSent += count
    }

    /** Octets of the application are sent. */
    fun applicationSent(count: Int) {
        application?.let { it.sent += count }
    }

    fun messageSent() {
        messagesSent++
    }

    /** The message that was begun is not sent after all. */
    fun messageRevoked() {
        messagesSent--
    }

    /** All octets that came so far are [count], those of the opening included. */
    fun octetsReceived(count: Long) = WIRE.lazySet(this, count - preopenReceived)

    /** Payload of a data frame came; once extensions restored it, it is [applicationReceived]. */
    fun payloadReceived(count: Int) {
        if (isOpen) PAYLOAD.lazySet(this, payloadReceived + count)
    }

    /** Octets for the application came. */
    fun applicationReceived(count: Int) {
        val received = application?.received ?: return
        if (isOpen) received.lazySet(received.get() + count)
    }

    fun frameReceived() {
        if (isOpen) FRAMES.lazySet(this, framesReceived + 1)
    }

    fun messageReceived() {
        if (isOpen) MESSAGES.lazySet(this, messagesReceived + 1)
    }

    /** All counts as they are now, by their places; [appended] octets went to the output so far. */
    fun toArray(appended: Long = 0): LongArray {
        val counts = LongArray(SIZE)
        if (isPreopenFinal) {
            counts[PREOPEN_SENT] = preopenSent.toLong()
            counts[PREOPEN_RECEIVED] = preopenReceived.toLong()
            counts[WIRE_SENT] = maxOf(0, appended - preopenSent)
        }
        counts[WIRE_RECEIVED] = wireReceived
        counts[PAYLOAD_SENT] = payloadSent
        counts[PAYLOAD_RECEIVED] = payloadReceived
        val application = application
        counts[APPLICATION_SENT] = application?.sent ?: counts[PAYLOAD_SENT]
        counts[APPLICATION_RECEIVED] = application?.received?.get() ?: counts[PAYLOAD_RECEIVED]
        counts[FRAMES_SENT] = framesSent
        counts[FRAMES_RECEIVED] = framesReceived
        counts[MESSAGES_SENT] = messagesSent
        counts[MESSAGES_RECEIVED] = messagesReceived
        return counts
    }

    /** As [toArray], since [reset]. */
    fun sinceReset(appended: Long): LongArray {
        val now = toArray(appended)
        origin?.forEachIndexed { place, count -> now[place] -= count }
        return now
    }

    /** Begins anew from nothing. */
    fun reset(appended: Long) {
        origin = toArray(appended)
    }

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
        const val WIRE_SENT = 11
        private const val SIZE = 12

        private val WIRE =
            AtomicLongFieldUpdater.newUpdater(TrafficCounts::class.java, "wireReceived")
        private val PAYLOAD =
            AtomicLongFieldUpdater.newUpdater(TrafficCounts::class.java, "payloadReceived")
        private val FRAMES =
            AtomicLongFieldUpdater.newUpdater(TrafficCounts::class.java, "framesReceived")
        private val MESSAGES =
            AtomicLongFieldUpdater.newUpdater(TrafficCounts::class.java, "messagesReceived")
    }
}
