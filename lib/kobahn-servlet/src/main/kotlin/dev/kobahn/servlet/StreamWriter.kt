package dev.kobahn.servlet

import dev.kobahn.hosting.ByteStreamListener
import jakarta.servlet.ServletOutputStream
import jakarta.servlet.WriteListener
import java.io.IOException
import java.nio.ByteBuffer

/** Writes to [output] whenever the container is ready for it. */
internal class StreamWriter(
    private val output: ServletOutputStream,
    private val listener: ByteStreamListener,
) : WriteListener {
    private enum class Step {
        /** Nothing is to be written. */
        IDLE,
        WRITE,
        FLUSH,

        /** The container writes. */
        AWAIT,
    }

    // The monitor guards these, and the use of the output.
    private var step = Step.IDLE
    private var bytes: ByteBuffer? = null

    /** Whether the container has called [onWritePossible] for the first time, as it has to. */
    private var isOpen = false

    /** Writes [bytes], and tells of it. From any thread. */
    fun write(bytes: ByteBuffer) {
        synchronized(this) {
            this.bytes = bytes
            step = Step.WRITE
        }
        proceed()
    }

    override fun onWritePossible() {
        synchronized(this) { isOpen = true }
        proceed()
    }

    override fun onError(failure: Throwable) = listener.onClosed(failure)

    private fun proceed() {
        try {
            // Outside of the monitor: Kobahn may write again from in there.
            if (synchronized(this, ::advance)) listener.onWritten()
        } catch (failure: IOException) {
            listener.onClosed(failure)
        } catch (failure: IllegalStateException) {
            // The container has closed the stream.
            listener.onClosed(IOException("the container has ended the connection", failure))
        }
    }

    /** Takes as many steps as the container is ready for, and returns whether all is written. */
    private fun advance(): Boolean {
        while (step != Step.IDLE && isOpen && output.isReady) {
            when (step) {
                Step.WRITE -> {
                    step = Step.FLUSH
                    output.write(bytes!!)
                    bytes = null
                }

                Step.FLUSH -> {
                    step = Step.AWAIT
                    output.flush()
                }

                else -> {
                    step = Step.IDLE
                    return true
                }
            }
        }
        return false
    }

    private fun ServletOutputStream.write(bytes: ByteBuffer) =
        write(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining())
}
