package dev.kobahn.internal.connection

import java.io.IOException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlinx.coroutines.DisposableHandle

/**
 * Runs [action] on the loop when nothing of the [transport]'s output was written for [time]. Each
 * write that makes progress restarts the time, so it counts from the departure of the last byte.
 *
 * [start], [stop] and [onWritten] may come from any thread. Without [onWritten] the time restarts when
 * it has passed and something was written, so the action runs up to twice as late.
 */
internal class ProgressTimer(
    private val transport: Transport,
    private val time: Duration,
    private val action: Runnable,
) {
    private val loop get() = transport.loop
    private val output get() = transport.output

    // Guarded by the output's monitor.
    private var position = 0L
    private var since = 0L
    private var timer: DisposableHandle? = null
    private var isRunning = false

    /** Starts the timer unless it runs. A [time] of zero never passes. */
    fun start() {
        if (time <= Duration.ZERO) return
        synchronized(output) {
            if (isRunning) return
            isRunning = true
            restart()
            schedule(time)
        }
    }

    /** The action will not run any more, unless [start] is called. */
    fun stop() {
        synchronized(output) {
            isRunning = false
            timer?.dispose()
            timer = null
        }
    }

    /** The transport tried to write. If it wrote a byte, the time restarts. */
    fun onWritten() {
        synchronized(output) { if (output.position != position) restart() }
    }

    private fun restart() {
        position = output.position
        since = loop.nanoTime()
    }

    private fun schedule(delay: Duration) {
        timer = loop.schedule(delay, ::passed)
    }

    private fun passed() {
        transport.guarded {
            // The system reports room only when much of its buffer is free; the peer may have taken less.
            transport.writeNow()
            synchronized(output) {
                if (!isRunning) return
                // Writes that nobody reported are found here, only later.
                onWritten()
                val left = time - (loop.nanoTime() - since).nanoseconds
                if (left > Duration.ZERO) return schedule(left)
                isRunning = false
            }
            action.run()
        }
    }
}

/** Drops a [connection] whose peer takes nothing for `writeTimeout` while bytes wait. */
internal class WriteTimeout(private val connection: Connection) {
    private val time = connection.config.writeTimeout
    private val timer = ProgressTimer(connection.transport, time, ::passed)

    /** The transport tried to write, and bytes are left. From any thread. */
    fun onBlocked() {
        timer.onWritten()
        timer.start()
        // The end may have stopped the timer before.
        if (connection.isClosed) stop()
    }

    fun stop() = timer.stop()

    private fun passed() {
        val waiting = connection.bufferedAmount
        if (waiting == 0L) return
        val message = "the peer took nothing for $time while $waiting bytes waited"
        connection.log?.timeout(message)
        connection.drop(IOException(message))
    }
}
