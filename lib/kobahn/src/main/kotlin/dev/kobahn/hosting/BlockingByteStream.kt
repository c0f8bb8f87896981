package dev.kobahn.hosting

import java.io.Closeable
import java.io.IOException
import java.io.InputStream
import java.io.OutputStream
import java.net.Socket
import java.nio.ByteBuffer
import java.util.concurrent.Executor
import java.util.concurrent.atomic.AtomicBoolean

/**
 * A [ByteStream] over streams that block, such as those of a [Socket], a tunnel, or OkHttp's socket
 * after a 101 response. Reading takes a thread of [executor] as long as the connection lasts,
 * and writing takes one for each write. So use an executor that has a thread for each connection
 * and more: `Executors.newCachedThreadPool()`, or one of virtual threads.
 *
 * By default, the output ends when both directions do. A stream that can do better overrides
 * [endOutput].
 *
 * @param onClose ends both directions at once, also during a call that blocks; called once
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

    final override fun start(listener: ByteStreamListener) {
        this.listener = listener
    }

    final override fun read(): Unit = executor.execute {
        run {
            val count = input.read(buffer.array())
            if (count < 0) return@run listener.onInputEnd()
            buffer.clear()
            buffer.limit(count)
            listener.onBytes(buffer)
        }
    }

    final override fun write(bytes: ByteBuffer): Unit = executor.execute {
        run {
            output.write(bytes)
            output.flush()
            listener.onWritten()
        }
    }

    override fun endOutput(isLast: Boolean) {
        if (isLast) close()
    }

    final override fun close() {
        if (!isClosed.compareAndSet(false, true)) return
        onClose.close()
        if (::listener.isInitialized) listener.onClosed(null)
    }

    private inline fun run(action: () -> Unit) {
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

        /** Returns the stream of [socket], which must be connected. */
        @JvmStatic
        public fun of(socket: Socket, executor: Executor): BlockingByteStream =
            object : BlockingByteStream(
                socket.getInputStream(),
                socket.getOutputStream(),
                executor,
                socket,
            ) {
                override fun endOutput(isLast: Boolean) =
                    if (isLast) close() else socket.shutdownOutput()
            }
    }
}
