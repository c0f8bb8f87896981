package dev.kobahn.hosting

import java.io.Closeable
import java.io.IOException
import java.io.InputStream
import java.io.OutputStream
import java.net.Socket
import java.nio.ByteBuffer
import java.util.concurrent.Executor
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.atomic.AtomicBoolean
import javax.net.ssl.SSLSocket

/**
 * A [ByteStream] over streams that block, such as those of a [Socket], a tunnel, or OkHttp's socket
 * after a 101 response. Reading takes a thread of [executor] as long as the connection lasts,
 * and writing and ending take one for each call. So use an executor that has a thread for each
 * connection and more: `Executors.newCachedThreadPool()`, or one of virtual threads.
 *
 * By default, the output ends when both directions do. A stream that can do better overrides
 * [shutdownOutput].
 *
 * @param onClose ends both directions at once, also during a call that blocks. Called once, on
 * [executor]; on the caller's thread if the executor takes nothing more. An `SSLSocket` gets a
 * `SO_LINGER` where its end has to wait for a write that blocks, and is closed once more if its
 * first end blocks.
 */
public open class BlockingByteStream(
    private val input: InputStream,
    private val output: OutputStream,
    private val executor: Executor,
    private val onClose: Closeable,
) : ByteStream {
    private val isClosed = AtomicBoolean()
    private val buffer by lazy { ByteBuffer.allocate(READ_SIZE) }

    @Volatile
    private lateinit var listener: ByteStreamListener

    /** Whether bytes are on their way to [output]. */
    @Volatile
    private var isWriting = false

    /** Whether [onClose] was called, or is about to be, and has not returned. */
    @Volatile
    private var isEnding = false

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
        elsewhere {
            telling {
                try {
                    shutdownOutput()
                } catch (_: UnsupportedOperationException) {
                    // The output ends when both directions do.
                }
            }
        }
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
        if (isClosed.compareAndSet(false, true)) {
            isEnding = true
            elsewhere(::end)
        } else if (isEnding && onClose is SSLSocket) {
            // The first end may still deliver output, to a peer that reads it.
            elsewhere { cut(onClose, LINGER_SECONDS) }
        }
    }

    private fun end() {
        val failure = try {
            if (isWriting && onClose is SSLSocket) cut(onClose, linger = 0)
            onClose.close()
            null
        } catch (failure: IOException) {
            failure
        } catch (failure: RuntimeException) {
            failure
        }
        isEnding = false
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

    /** Runs [action], which may block, on the executor, or here if that takes nothing more. */
    private fun elsewhere(action: () -> Unit) {
        try {
            executor.execute(action)
        } catch (_: RejectedExecutionException) {
            action()
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
