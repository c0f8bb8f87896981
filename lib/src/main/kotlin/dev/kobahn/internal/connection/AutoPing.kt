package dev.kobahn.internal.connection

import java.io.IOException
import java.nio.ByteBuffer
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.flow.MutableStateFlow

/**
 * The options of automatic Pings. Immutable.
 *
 * @property interval from the opening or the last Pong to the next Ping
 * @property timeout how long a Pong may take; zero means as long as it likes
 * @property size the payload of a Ping in octets
 * @property restartOnAnyTraffic whether any octet of the peer is as good as the Pong that is awaited
 */
internal class AutoPingConfig(
    val interval: Duration,
    val timeout: Duration,
    val size: Int,
    val restartOnAnyTraffic: Boolean,
)

/**
 * Sends Pings by itself, measures what they take, and finds out when the peer is gone. On the loop.
 *
 * A Ping is sent one interval after the opening, then one after each Pong; without a timeout the
 * next follows in any case. The payload is 8 octets of wall-clock time in nanoseconds, 4 octets of
 * sequence number, both in network order, and random octets.
 *
 * @param canSend whether a Ping would leave now: not while a frame is open
 * @param send sends a Ping with the payload given; false if the connection is closing
 * @param fail ends the connection, whose peer does not answer
 */
internal class AutoPing(
    private val loop: Loop,
    private val config: AutoPingConfig,
    private val canSend: () -> Boolean,
    private val send: (ByteArray) -> Boolean,
    private val fail: (IOException) -> Unit,
    private val log: ConnectionLog? = null,
) {
    private var timer: DisposableHandle? = null
    private var pending: ByteArray? = null
    private var sentAt = 0L
    private var sequence = 0
    private var paused = false
    private var stopped = false

    /** What the last Ping took to be answered. */
    val roundTripTime = MutableStateFlow<Duration?>(null)

    /** The connection is open. */
    fun start() = awaitInterval()

    /** No more Pings. */
    fun stop() {
        stopped = true
        timer?.dispose()
    }

    private fun awaitInterval() = schedule(config.interval, ::ping)

    private fun schedule(delay: Duration, action: Runnable) {
        timer?.dispose()
        if (!stopped) timer = loop.schedule(delay, action)
    }

    private fun ping() {
        if (!canSend()) return awaitInterval()
        val payload = payload()
        if (!send(payload)) return stop()
        pending = payload
        sentAt = loop.nanoTime()
        log?.autoPing("Ping $sequence")
        awaitPong()
    }

    private fun awaitPong() {
        if (config.timeout == Duration.ZERO) return awaitInterval()
        schedule(config.timeout, ::timedOut)
    }

    private fun payload(): ByteArray {
        val octets = Random.nextBytes(config.size)
        ByteBuffer.wrap(octets)
            .putLong(System.currentTimeMillis() * NANOS_PER_MILLI)
            .putInt(++sequence)
        return octets
    }

    private fun timedOut() {
        // While nothing is read no Pong can be found.
        if (paused) return
        log?.timeout("the peer sent no Pong within ${config.timeout}")
        fail(IOException("the peer sent no Pong within ${config.timeout}"))
    }

    /** A Pong arrived. */
    fun onPong(payload: ByteArray) {
        if (!payload.contentEquals(pending ?: return)) return
        roundTripTime.value = (loop.nanoTime() - sentAt).nanoseconds
        log?.autoPing("Pong $sequence after ${roundTripTime.value}")
        pending = null
        awaitInterval()
    }

    /** Octets arrived, and were looked at for a Pong. */
    fun onTraffic() {
        if (pending == null || !config.restartOnAnyTraffic) return
        pending = null
        awaitInterval()
    }

    /** Reading pauses because of this end: the peer cannot be blamed for silence. */
    fun onPause() {
        paused = true
    }

    /** Reading goes on: the peer has the whole time again. */
    fun onResume() {
        paused = false
        if (pending != null) awaitPong()
    }

    private companion object {
        const val NANOS_PER_MILLI = 1_000_000L
    }
}
