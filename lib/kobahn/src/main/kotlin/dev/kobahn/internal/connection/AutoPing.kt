package dev.kobahn.internal.connection

import dev.kobahn.protocol.SendState
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow

/**
 * The options of automatic Pings. Immutable.
 *
 * @property interval the time from the opening or the last Pong to the next Ping
 * @property timeout the time a Pong may take; zero is no limit
 * @property size the payload of a Ping in bytes
 * @property restartOnAnyTraffic whether any byte of the peer counts as the awaited Pong
 */
internal class AutoPingConfig(
    val interval: Duration,
    val timeout: Duration,
    val size: Int,
    val restartOnAnyTraffic: Boolean,
)

/**
 * Sends Pings by itself, measures the round trip, and finds out that the peer is gone. On the loop,
 * except [onWritten].
 *
 * The first Ping is sent one interval after the opening, the next one an interval after each Pong;
 * without a timeout and a Pong, an interval after the Ping before it. The payload is 8 bytes of wall-clock time
 * in nanoseconds and 4 bytes of sequence number, both in network order, and random bytes. The time
 * for the Pong counts from the departure of the Ping: the peer is not to blame for bytes before it.
 *
 * While this end does not read, it can find no Pong. It sends Pings all the same: if the peer is
 * gone, writing the second Ping fails. Before each Ping it looks for the end of the input or a
 * Close.
 */
internal class AutoPing(private val connection: Connection) {
    private val config get() = connection.config.autoPing!!
    private val transport get() = connection.transport
    private val log get() = connection.log
    private val loop get() = transport.loop
    private val output get() = transport.output
    private var timer: DisposableHandle? = null
    private var pending: ByteArray? = null
    private var sequence = 0

    /** The position in the output behind the Ping that is not written yet, or [NONE]. */
    @Volatile
    private var pingEnd = NONE

    /** The time at which the pending Ping left. */
    @Volatile
    private var sentAt = 0L

    /** The time at which the peer last made room for waiting bytes; at first that of the Ping. */
    @Volatile
    private var roomAt = 0L

    /** The position in the stream at which the system took no more, or [NONE]. */
    @Volatile
    private var blockedAt = NONE

    /** The nanoseconds between the last Ping that was answered and its Pong, or [NONE]. */
    private var lastRoundTrip = NONE

    /** Made when the application asks for it: 40 bytes less for a connection that is idle. */
    @Volatile
    private var madeRoundTripTime: MutableStateFlow<Duration?>? = null

    /** The round trip time of the last Ping that was answered. From any thread. */
    val roundTripTime: StateFlow<Duration?>
        get() = madeRoundTripTime ?: synchronized(output) {
            val last = lastRoundTrip.takeIf { it != NONE }?.nanoseconds
            madeRoundTripTime ?: MutableStateFlow(last).also { madeRoundTripTime = it }
        }

    fun start() = awaitInterval()

    fun stop() {
        timer?.dispose()
    }

    private fun awaitInterval() = schedule(config.interval, ::ping)

    private inline fun schedule(delay: Duration, crossinline action: () -> Unit) {
        timer?.dispose()
        if (!connection.isClosed) timer = loop.schedule(delay) { transport.guarded(action) }
    }

    private fun ping() {
        if (connection.isReadingPaused) connection.reading.lookForEnd()
        if (connection.isClosed) return
        // A second Ping behind one that has not left would find out nothing more.
        if (pingEnd != NONE) return awaitInterval()
        val payload = payload()
        val end = send(payload)
        if (end == CLOSED) return stop()
        if (end == NOT_NOW) return awaitInterval()
        sequence++
        sentAt = loop.nanoTime()
        roomAt = sentAt
        pending = payload
        pingEnd = end
        // Another thread may have written it already.
        if (synchronized(output) { output.position } >= end) pingEnd = NONE
        log?.autoPing("Ping $sequence")
        awaitPong()
    }

    /**
     * Sends a Ping. Returns where it ends in the stream, [NOT_NOW] if a frame is open, which other
     * threads may begin, or [CLOSED] if the connection is closing.
     */
    fun send(payload: ByteArray): Long {
        val end = synchronized(output) {
            val protocol = connection.protocol
            if (protocol.sendState == SendState.INSIDE_MESSAGE_FRAME) return NOT_NOW
            if (!protocol.sendPing(payload)) return CLOSED
            output.endPosition
        }
        transport.flush()
        return end
    }

    private fun awaitPong() {
        // Without a timeout the next Ping follows in any case.
        if (config.timeout == Duration.ZERO || connection.isReadingPaused) return awaitNext()
        schedule(config.timeout, ::timedOut)
    }

    private fun awaitNext() {
        val left = config.interval - since(sentAt)
        // A Ping that is overdue could not be sent. Pauses must not repeat the attempt.
        schedule(if (left > Duration.ZERO) left else config.interval, ::ping)
    }

    private fun payload(): ByteArray {
        val bytes = Random.nextBytes(config.size)
        ByteBuffer.wrap(bytes)
            .putLong(System.currentTimeMillis() * NANOS_PER_MILLI)
            .putInt(sequence + 1)
        return bytes
    }

    private fun timedOut() {
        if (connection.isClosing) return
        // The Ping has not left: writeTimeout ends a peer that takes nothing.
        if (pingEnd != NONE) return awaitPong()
        val left = config.timeout - minOf(since(sentAt), since(roomAt))
        if (left > Duration.ZERO) schedule(left, ::timedOut) else fail()
    }

    private fun since(nanos: Long) = (loop.nanoTime() - nanos).nanoseconds

    private fun fail() {
        log?.timeout("the peer sent no Pong within ${config.timeout}")
        connection.drop(IOException("the peer sent no Pong within ${config.timeout}"))
    }

    /** The output was written up to [position], and [waiting] bytes are left. From any thread. */
    fun onWritten(position: Long, waiting: Long) {
        // The peer has taken something, so it is there. NONE is above every position.
        if (position > blockedAt) roomAt = loop.nanoTime()
        blockedAt = if (waiting > 0) position else NONE
        if (position < pingEnd) return
        sentAt = loop.nanoTime()
        pingEnd = NONE
    }

    fun onPong(payload: ByteArray) {
        if (!payload.contentEquals(pending ?: return)) return
        val time = since(sentAt)
        synchronized(output) {
            lastRoundTrip = time.inWholeNanoseconds
            madeRoundTripTime
        }?.value = time
        log?.autoPing("Pong $sequence after $time")
        pending = null
        awaitInterval()
    }

    fun onTraffic() {
        if (pending == null || !config.restartOnAnyTraffic) return
        pending = null
        awaitInterval()
    }

    /** Reading pauses at this end, so the peer is not to blame for silence. */
    fun onPause() {
        if (pending != null) awaitNext()
    }

    /** Reading goes on: the peer has the whole time again. */
    fun onResume() {
        if (pending != null) awaitPong()
    }

    companion object {
        const val NOT_NOW: Long = -1
        const val CLOSED: Long = -2

        /** A position behind every byte, or no time. */
        private const val NONE = Long.MAX_VALUE
        private const val NANOS_PER_MILLI = 1_000_000L
    }
}
