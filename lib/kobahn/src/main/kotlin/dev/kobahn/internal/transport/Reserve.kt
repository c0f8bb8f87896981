package dev.kobahn.internal.transport

import java.io.File
import java.io.FileInputStream
import java.io.IOException
import java.net.StandardSocketOptions
import java.nio.ByteBuffer
import java.nio.channels.Pipe
import java.nio.channels.SocketChannel

/**
 * A little memory that is freed when memory has run out: closing a channel, creating an exception and
 * logging it need some. It is allocated again later. Not thread-safe.
 */
internal class Reserve {
    private var bytes: ByteArray? = ByteArray(SIZE)
    private var releasedAt = 0L
    private val isFresh get() = System.nanoTime() - releasedAt < PAUSE_NANOS

    /** Whether the reserve is allocated. */
    val isFull: Boolean get() = bytes != null

    /** Frees the reserve if [failure] is a lack of memory. Allocates nothing. */
    fun release(failure: Throwable) {
        if (failure is OutOfMemoryError) release()
    }

    /** Frees the reserve. Allocates nothing. */
    fun release() {
        bytes = null
        releasedAt = System.nanoTime()
    }

    /** Allocates the reserve again if it was freed some time ago. Returns whether it did. */
    fun refill(): Boolean {
        if (bytes != null || isFresh) return false
        try {
            bytes = ByteArray(SIZE)
            return true
        } catch (failure: OutOfMemoryError) {
            release(failure)
            return false
        }
    }

    private companion object {
        const val SIZE = 256 * 1024

        /** A failed attempt costs a run of the garbage collector, so attempts are rare. */
        const val PAUSE_NANOS = 1_000_000_000L
    }
}

/**
 * Initializes the JDK's classes for channels before the first connection. The JDK does so when the
 * first channel is read or closed. That needs file descriptors and memory; if it fails once, no
 * channel of the process can be closed any more. Thread-safe.
 */
internal object SocketClasses {
    private const val DESCRIPTORS = 8
    private const val NOTHING = "/dev/null"

    private var areLoaded = false

    /** Throws IOException, without having initialized anything, if file descriptors are too few. */
    @Synchronized
    fun load() {
        if (areLoaded) return
        checkDescriptors()
        usePipe()
        useSocket()
        areLoaded = true
    }

    /** Fails before any class is initialized by half. */
    private fun checkDescriptors() {
        if (!File(NOTHING).exists()) return
        val opened = ArrayList<FileInputStream>(DESCRIPTORS)
        try {
            repeat(DESCRIPTORS) { opened.add(FileInputStream(NOTHING)) }
        } catch (failure: IOException) {
            throw IOException("too few file descriptors to use the network", failure)
        } finally {
            opened.forEach { it.close() }
        }
    }

    private fun usePipe() {
        val pipe = Pipe.open()
        pipe.source().use { source ->
            pipe.sink().use { it.write(ByteBuffer.allocateDirect(1)) }
            source.read(ByteBuffer.allocateDirect(1))
        }
    }

    private fun useSocket() {
        SocketChannel.open().use {
            it.configureBlocking(false)
            it.setOption(StandardSocketOptions.TCP_NODELAY, true)
            it.getOption(StandardSocketOptions.SO_LINGER)
        }
    }
}
