package dev.kobahn.hosting

import java.io.Closeable
import java.io.IOException
import java.io.InputStream
import java.io.OutputStream
import java.net.Socket
import java.nio.ByteBuffer
import java.util.concurrent.Executor
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.atomic.AtomicReference
import javax.net.ssl.SSLSocket

/**
 * A [ByteStream] over streams that block, such as those of a [Socket], a tunnel, or OkHttp's socket
 * after a 101 response. Reading takes a thread of [executor] as long as the connection lasts,
 * and writing and ending take one for each call. So use an executor that has a thread for each
 * connection and more: `Executors.newCachedThreadPool()`, or one of virtual threads. If all threads
 * of an executor of a fixed size read, [close] waits behind the reads that it should end, and the
 * connections stay open.
 *
 * By default, the output ends when both directions do. A stream that can do better overrides
 * [shutdownOutput].
 *
 * @param onClose ends both directions at once, also during a call that blocks. Called once, on
 * [executor]; on the caller's thread if the executor takes nothing more. An `SSLSocket` gets a
 * `SO_LINGER` where its end would have to wait for a call that blocks, or on the caller's thread,
 * and is closed once more if its first end blocks.
 */
public open class BlockingByteStream(
    private val input: InputStream,
    private val output: OutputStream,
    private val executor: Executor,
    private val onClose: Closeable,
) : ByteStream {
    private enum class Phase {
        OPEN,

        /** [onClose] was called, or is about to be, and has not returned. */
        ENDING,

        ENDED,
    }

    private val phase = AtomicReference(Phase.OPEN)
    private val buffer by lazy { ByteBuffer.allocate(READ_SIZE) }

    @Volatile
    private lateinit var listener: ByteStreamListener

    /** Whether bytes are on their way to [output]. */
    @Volatile
    private var isWriting = false

    /** Whether [shutdownOutput] was called, or is about to be, and has not returned. */
    @Volatile
    private var isShuttingDown = false

    final override fun start(listener: ByteStreamListener) {
        this.listener = listener
    }

    final override fun read(): Unit = executor.execute {
        telling {
            val count = input.read(buffer.array())
            if (count < 0) return@telling listener.onInputEnd()
            buffer.clear()
            buffer.limit(count)
            listener.onBytes(buffer)
        }
    }

    final override fun write(bytes: ByteBuffer) {
        // Before a thread begins: an end that comes first must not wait for the write.
        isWriting = true
        executor.execute {
            telling {
                output.write(bytes)
                output.flush()
                isWriting = false
                listener.onWritten()
            }
        }
    }

    final override fun endOutput(isLast: Boolean) {
        if (isLast) return close()
        isShuttingDown = true
        elsewhere { isHere ->
            // The thread must not wait for the peer.
            if (isHere && onClose is SSLSocket) close() else telling(::shutDown)
        }
    }

    private fun shutDown() {
        try {
            shutdownOutput()
        } catch (_: UnsupportedOperationException) {
            // The output ends when both directions do.
        }
        isShuttingDown = false
    }

    /**
     * Ends the outgoing direction alone, if the stream can do that. Runs on the executor, and may
     * block. By default, it does nothing. An UnsupportedOperationException, as Java 8 and Android
     * throw for an `SSLSocket`, has no effect.
     *
     * @throws IOException if the connection is broken
     */
    @Throws(IOException::class)
    protected open fun shutdownOutput() {
        // The output ends when both directions do.
    }

    final override fun close() {
        if (phase.compareAndSet(Phase.OPEN, Phase.ENDING)) {
            elsewhere(::end)
        } else if (phase.get() == Phase.ENDING && onClose is SSLSocket) {
            // The first end may still deliver output, to a peer that reads it.
            elsewhere { isHere -> cut(onClose, if (isHere) 0 else LINGER_SECONDS) }
        }
    }

    private fun end(isHere: Boolean) {
        val failure = try {
            if (onClose is SSLSocket) {
                when {
                    isHere || isWriting -> cut(onClose, linger = 0)

                    // Everything is written, but may not be with the peer yet.
                    isShuttingDown -> cut(onClose, LINGER_SECONDS)
                }
            }
            onClose.close()
            null
        } catch (failure: IOException) {
            failure
        } catch (failure: RuntimeException) {
            failure
        }
        phase.set(Phase.ENDED)
        if (::listener.isInitialized) listener.onClosed(failure)
    }

    /**
     * Closes [socket], without its close_notify if that has to wait longer than [linger] seconds: a
     * peer that reads nothing would keep the socket, and the threads that use it, as long as it
     * likes.
     */
    private fun cut(socket: SSLSocket, linger: Int) {
        try {
            socket.setSoLinger(true, linger)
            socket.close()
        } catch (_: IOException) {
            // The first end, or that which follows, tells of failures.
        }
    }

    /**
     * Runs [action], which may block, on the executor. If that takes nothing more, runs it here,
     * with the argument true.
     */
    private fun elsewhere(action: (isHere: Boolean) -> Unit) {
        try {
            executor.execute { action(false) }
        } catch (_: RejectedExecutionException) {
            action(true)
        }
    }

    private inline fun telling(action: () -> Unit) {
        try {
            action()
        } catch (failure: IOException) {
            listener.onClosed(failure)
        } catch (failure: RuntimeException) {
            listener.onClosed(failure)
        }
    }

    private fun OutputStream.write(bytes: ByteBuffer) {
        if (bytes.hasArray()) {
            write(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining())
        } else {
            write(ByteArray(bytes.remaining()).also(bytes::get))
        }
    }

    /** Makes streams. */
    public companion object {
        private const val READ_SIZE = 16 * 1024
        private const val LINGER_SECONDS = 5

        /** Returns the stream of [socket], which must be connected. */
        @JvmStatic
        public fun of(socket: Socket, executor: Executor): BlockingByteStream =
            object : BlockingByteStream(
                socket.getInputStream(),
                socket.getOutputStream(),
                executor,
                socket,
            ) {
                override fun shutdownOutput() = socket.shutdownOutput()
            }
    }
}
