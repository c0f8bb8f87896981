package dev.kobahn.servlet

import dev.kobahn.hosting.ByteStream
import dev.kobahn.hosting.ByteStreamListener
import jakarta.servlet.http.WebConnection
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

/** The streams of an upgraded [connection] as one, by the listeners of non-blocking I/O. */
internal class ServletStream(private val connection: WebConnection) : ByteStream {
    private lateinit var listener: ByteStreamListener
    private lateinit var writer: StreamWriter

    /** Null until the container has given its streams, which may fail. */
    @Volatile
    private var reader: StreamReader? = null

    override fun start(listener: ByteStreamListener) {
        this.listener = listener
        val reader = StreamReader(connection.inputStream, listener)
        writer = StreamWriter(connection.outputStream, listener)
        this.reader = reader
        connection.inputStream.setReadListener(reader)
        connection.outputStream.setWriteListener(writer)
    }

    override fun read() = reader!!.ask()

    override fun write(bytes: ByteBuffer) = writer.write(bytes)

    // A container cannot end one direction alone: a peer that may still send has time to read.
    override fun endOutput(isLast: Boolean) {
        if (isLast) return close()
        CompletableFuture.delayedExecutor(LINGER_MILLIS, TimeUnit.MILLISECONDS).execute { close() }
    }

    override fun close() {
        reader?.end()
        try {
            connection.close()
        } catch (_: IOException) {
            // Its peer has gone before.
        }
        if (::listener.isInitialized) listener.onClosed(null)
    }

    private companion object {
        const val LINGER_MILLIS = 250L
    }
}
