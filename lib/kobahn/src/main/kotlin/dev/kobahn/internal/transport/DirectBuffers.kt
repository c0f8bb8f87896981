package dev.kobahn.internal.transport

import java.nio.ByteBuffer

/**
 * Direct buffers for threads that write but are no event loops. Keeps as many buffers as threads have
 * ever written at the same moment, up to a limit. Thread-safe.
 */
internal object DirectBuffers {
    /** The size of every buffer in bytes, and the most that one system call moves. */
    const val SIZE: Int = 128 * 1024

    private const val KEPT = 64
    private val free = ArrayDeque<ByteBuffer>()

    /** Returns a new buffer for the caller to keep. */
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
