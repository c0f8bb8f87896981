package dev.kobahn.protocol.endpoint

import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.atomic.AtomicLongFieldUpdater

/**
 * Counts the traffic of a connection where it passes. The counts of what is sent are guarded by the
 * monitor of the output. The counts of what is received have one writer, the receiving thread, so a
 * count costs an ordered store and no lock; any thread may read them.
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

    // An Int is enough: the sizes of heads are bounded.
    private var preopenSent = 0
    private var preopenReceived = 0

    /** Whether the opening handshake is over and its bytes are counted. */
    @Volatile
    private var isPreopenFinal = false

    /** Whether received bytes still count: not after our Close. */
    @Volatile
    var isOpen = true

    /**
     * The bytes of the application, if extensions transform messages; else they equal the payload.
     */
    @Volatile
    private var application: ApplicationCounts? = null

    /** The counts at the last [reset]. */
    @Volatile
    private var origin: LongArray? = null

    private class ApplicationCounts {
        var sent = 0L
        val received = AtomicLong()
    }

    /**
     * Counts bytes of the application separately from now on, because extensions transform
     * messages. Call it before anything is counted.
     */
    fun extend() {
        application = ApplicationCounts()
    }

    /** Records the bytes of the opening handshake. Belongs to the receiving thread. */
    fun opened(sent: Long, received: Long) {
        preopenSent = Math.toIntExact(sent)
        preopenReceived = Math.toIntExact(received)
        isPreopenFinal = true
    }

    /** A data frame begins; [dataSent] or [encodedSent] counts its payload. */
    fun frameSent() {
        framesSent++
    }

    /** Counts payload of a data frame that no extension transformed. */
    fun dataSent(count: Int) {
        encodedSent(count)
        applicationSent(count)
    }

    /**
     * Counts payload of a data frame as extensions transformed it; [applicationSent] counts the
     * original.
     */
    fun encodedSent(count: Int) {
        payloadSent += count
    }

    /** Counts bytes of the application. */
    fun applicationSent(count: Int) {
        application?.let { it.sent += count }
    }

    fun messageSent() {
        messagesSent++
    }

    /** The message that had begun is not sent after all. */
    fun messageRevoked() {
        messagesSent--
    }

    /** Sets the number of all received bytes, including those of the opening handshake. */
    fun bytesReceived(count: Long) = WIRE.lazySet(this, count - preopenReceived)

    /** Counts payload of a data frame; [applicationReceived] counts the restored bytes. */
    fun payloadReceived(count: Int) {
        if (isOpen) PAYLOAD.lazySet(this, payloadReceived + count)
    }

    /** Counts bytes for the application. */
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

    /** Returns all counts so far by their index; [appended] bytes went to the output. */
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

    /** Like [toArray], but since the last [reset]. */
    fun sinceReset(appended: Long): LongArray {
        val now = toArray(appended)
        origin?.forEachIndexed { place, count -> now[place] -= count }
        return now
    }

    /** Starts counting from zero. */
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
