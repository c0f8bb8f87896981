package dev.kobahn.benchmarks.clients

import dev.kobahn.benchmarks.Payload
import java.util.concurrent.TimeUnit
import org.HdrHistogram.Histogram
import org.HdrHistogram.Recorder

/** Times what the connections of a client do, whatever threads they do it on. */
internal class ClientMeter {
    private val recorder = Recorder(LONGEST, 3)

    fun record(nanos: Long) = recorder.recordValue(nanos.coerceIn(1, LONGEST))

    /** Returns the records since the last call. */
    fun interval(): Histogram = recorder.intervalHistogram

    private companion object {
        val LONGEST = TimeUnit.MINUTES.toNanos(1)
    }
}

/**
 * What one connection of a client says: [inFlight] messages at first, and for every echo the next
 * one. Every echo is checked, its place in the order included.
 */
internal class Exchange(
    private val payload: Payload,
    private val connection: Int,
    private val inFlight: Int,
    private val meter: ClientMeter,
) {
    private val outgoing = payload.unmarked()
    private val incoming = payload.unmarked()
    private val sentAt = LongArray(inFlight)
    private var sent = 0L
    private var received = 0L

    /** Returns the first messages. */
    fun begin(): List<String> = List(inFlight) { next() }

    /** Takes an echo and returns the next message. One call at a time. */
    fun answer(echo: String): String {
        payload.next(incoming, connection, received)
        if (echo != text(incoming)) fail("not the echo of message $received: $echo")
        meter.record(System.nanoTime() - sentAt[(received++ % inFlight).toInt()])
        return next()
    }

    private fun next(): String {
        sentAt[(sent % inFlight).toInt()] = System.nanoTime()
        payload.next(outgoing, connection, sent++)
        return text(outgoing)
    }

    private fun text(bytes: ByteArray) = String(bytes, Charsets.ISO_8859_1)

    companion object {
        /** Ends the process: a client whose connection fails measures nothing. */
        fun fail(why: String?): Nothing {
            System.err.println(why)
            Runtime.getRuntime().halt(1)
            throw AssertionError()
        }
    }
}
