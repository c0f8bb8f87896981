package dev.kobahn.benchmarks.load

import java.io.Closeable
import java.nio.ByteBuffer
import java.nio.channels.SelectionKey
import java.nio.channels.Selector

/**
 * The one thread that all connections of a load are served by: it belongs to whoever calls [run].
 */
internal class LoadLoop : Closeable {
    val selector: Selector = Selector.open()

    /**
     * What a connection reads into; what is left of it after a turn the connection keeps itself.
     */
    val input: ByteBuffer = ByteBuffer.allocate(256 * 1024)

    /** The bytes that a connection writes in a turn. */
    val output = FrameBuffer(1024 * 1024)

    /** Serves the connections until [done], or fails when [deadline] in nanoseconds has passed. */
    fun run(deadline: Long, what: String, done: () -> Boolean) {
        while (!done()) {
            val now = System.nanoTime()
            if (now - deadline > 0) throw LoadFailure("no end of $what")
            val timeout = minOf((deadline - now) / 1_000_000, MAX_WAIT).coerceAtLeast(1)
            selector.select(::serve, timeout)
        }
    }

    private fun serve(key: SelectionKey) {
        (key.attachment() as LoadConnection).ready()
    }

    override fun close() = selector.close()

    private companion object {
        const val MAX_WAIT = 10L
    }
}

/** A load that could not be carried through. */
internal class LoadFailure(message: String, cause: Throwable? = null) : Exception(message, cause)
