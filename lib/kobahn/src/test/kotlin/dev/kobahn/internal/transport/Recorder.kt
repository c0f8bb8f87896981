package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.Loop
import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.TransportListener
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.withContext

/** Records the events of a transport. Calls [onInput] on the loop. */
internal class Recorder(private val onInput: (ByteArray) -> Unit = {}) : TransportListener {
    private val bytes = ByteArrayOutputStream()
    private val wanted = CopyOnWriteArrayList<Pair<Int, CompletableDeferred<ByteArray>>>()

    val inputEnd = CompletableDeferred<Unit>()
    val closed = CompletableDeferred<IOException?>()
    val forgotten = CompletableDeferred<Unit>()
    val closings = AtomicInteger()
    val eventsAfterClose = AtomicInteger()
    val written = CopyOnWriteArrayList<Long>()

    val received: ByteArray get() = synchronized(bytes) { bytes.toByteArray() }
    val size: Int get() = synchronized(bytes) { bytes.size() }

    /** All bytes, once there are [count] of them. */
    suspend fun awaitBytes(count: Int): ByteArray {
        val answer = CompletableDeferred<ByteArray>()
        wanted.add(count to answer)
        complete()
        return answer.await()
    }

    private fun complete() {
        for ((count, answer) in wanted) if (size >= count) answer.complete(received)
    }

    override fun onBytes(input: ByteBuffer) {
        event()
        val chunk = ByteArray(input.remaining()).also(input::get)
        synchronized(bytes) { bytes.write(chunk) }
        onInput(chunk)
        complete()
    }

    override fun onInputEnd() {
        event()
        check(inputEnd.complete(Unit)) { "the input ended twice" }
    }

    override fun onWritten(waiting: Long) {
        event()
        written.add(waiting)
    }

    override fun forget() {
        forgotten.complete(Unit)
    }

    override fun onClosed(cause: IOException?) {
        closings.incrementAndGet()
        closed.complete(cause)
    }

    private fun event() {
        if (closings.get() > 0) eventsAfterClose.incrementAndGet()
    }
}

/** Runs [action] on the transport's loop. */
internal suspend fun <T> Transport.onLoop(action: () -> T): T =
    withContext(loop.dispatcher) { action() }

/** Starts the transport on its loop. */
internal suspend fun Transport.record(onInput: (ByteArray) -> Unit = {}): Recorder =
    Recorder(onInput).also { onLoop { start(it) } }

/** Appends and flushes, from the calling thread. */
internal fun Transport.send(bytes: ByteArray) {
    synchronized(output) { output.append(bytes) }
    flush()
}

/** Lets each loop take [times] turns, so that all due events can happen. */
internal suspend fun goRound(vararg loops: Loop, times: Int = 50) {
    repeat(times) { loops.forEach { withContext(it.dispatcher) { } } }
}
