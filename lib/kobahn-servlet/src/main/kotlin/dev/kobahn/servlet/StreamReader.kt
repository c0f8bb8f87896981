package dev.kobahn.servlet

import dev.kobahn.hosting.ByteStreamListener
import jakarta.servlet.ReadListener
import jakarta.servlet.ServletInputStream
import java.io.EOFException
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock

/**
 * Reads [input] when the container says that bytes are there and Kobahn has asked for some.
 *
 * Containers differ in what happens if nobody reads. Most call [onDataAvailable] again only after
 * `isReady` has returned false, so [ask] has to go on by itself. Tomcat calls it again at once,
 * as long as bytes are there, and its stream is not made for other threads than its own: there
 * [ask] reads nothing, and [onDataAvailable] waits for it, a little while each time, so that the
 * calls do not follow each other at full speed.
 */
internal class StreamReader(
    private val input: ServletInputStream,
    private val listener: ByteStreamListener,
) : ReadListener {
    private val callsAgain = input.javaClass.name.startsWith("org.apache.")
    private val lock = ReentrantLock()
    private val change = lock.newCondition()

    /** Whether Kobahn has asked for bytes and has got none. */
    private var isAsked = false

    /** Whether the container has bytes and has told so, and will not do so again by itself. */
    private var isAvailable = false

    /** Whether a thread reads. */
    private var isReading = false
    private var isEnded = false

    /** Kobahn asks for bytes. From any thread. */
    fun ask() {
        lock.withLock {
            isAsked = true
            change.signalAll()
            if (!isAvailable || callsAgain) return
        }
        telling { readAll(wait = 0) }
    }

    /** Nothing is to be read any more. */
    fun end() = lock.withLock {
        isEnded = true
        change.signalAll()
    }

    override fun onDataAvailable() = telling {
        lock.withLock { isAvailable = true }
        readAll(if (callsAgain) PATIENCE_MILLIS else 0)
    }

    /** Reads as long as there are bytes, and Kobahn asks for them within [wait]. */
    private fun readAll(wait: Long) {
        while (begin(wait)) {
            var chunk: ByteBuffer? = null
            try {
                chunk = readChunk()
            } finally {
                done(hasRead = chunk != null)
            }
            // Outside of the lock: Kobahn may ask again from in there.
            chunk?.let(listener::onBytes)
        }
    }

    /** Waits until Kobahn asks, and returns whether this thread may read. */
    private fun begin(wait: Long): Boolean = lock.withLock {
        var left = TimeUnit.MILLISECONDS.toNanos(wait)
        while (!isAsked && !isEnded && left > 0) left = change.awaitNanos(left)
        val mayRead = isAsked && isAvailable && !isReading && !isEnded
        if (mayRead) isReading = true
        mayRead
    }

    private fun done(hasRead: Boolean) = lock.withLock {
        isReading = false
        if (hasRead) isAsked = false
    }

    /** Returns some bytes, or null if there are none now. */
    private fun readChunk(): ByteBuffer? {
        if (!isReady()) return null
        val bytes = ByteArray(CHUNK)
        val count = input.read(bytes)
        if (count < 0) onAllDataRead()
        if (count <= 0) return null
        // Without more bytes there is nothing to wait for.
        if (callsAgain) isReady()
        return ByteBuffer.wrap(bytes, 0, count)
    }

    /** Asks the container for more. If it has none, it calls [onDataAvailable] once it has. */
    private fun isReady(): Boolean {
        // Before the question: another thread may bring the answer before this one goes on.
        lock.withLock { isAvailable = false }
        val isReady = input.isReady
        if (isReady) lock.withLock { isAvailable = true }
        return isReady
    }

    override fun onAllDataRead() {
        val isFirst = lock.withLock { !isEnded.also { isEnded = true } }
        if (isFirst) listener.onInputEnd()
    }

    override fun onError(failure: Throwable) {
        if (failure is EOFException) onAllDataRead() else listener.onClosed(failure)
    }

    private inline fun telling(action: () -> Unit) {
        try {
            action()
        } catch (failure: IOException) {
            onError(failure)
        } catch (failure: IllegalStateException) {
            // The container has closed the stream.
            listener.onClosed(IOException("the container has ended the connection", failure))
        }
    }

    private companion object {
        const val CHUNK = 16 * 1024
        const val PATIENCE_MILLIS = 20L
    }
}
