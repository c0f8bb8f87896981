package dev.kobahn.internal.transport

import java.nio.ByteBuffer

/**
 * Direct buffers for threads that write without being an event loop. As many are kept as threads
 * ever wrote at the same moment, up to a limit. Thread-safe.
 */
internal object DirectBuffers {
    /** The size of every buffer in octets: one system call moves no more. */
    const val SIZE: Int = 128 * 1024

    private const val KEPT = 64
    private val free = ArrayDeque<ByteBuffer>()

    /** A new buffer, for somebody who keeps it. */
    fun allocate(): ByteBuffer = ByteBuffer.allocateDirect(SIZE)

    /** Calls [action] with a buffer that is valid only during the call. */
    inline fun <T> use(action: (ByteBuffer) -> T): T {
        val buffer = take()
        try {
            return action(buffer)
        } finally {
            give(buffer)
        }
    }

    private fun take(): ByteBuffer = synchronized(free) { free.removeLastOrNull() } ?: allocate()

    private fun give(buffer: ByteBuffer) {
        synchronized(free) { if (free.size < KEPT) free.addLast(buffer) }
    }
}
