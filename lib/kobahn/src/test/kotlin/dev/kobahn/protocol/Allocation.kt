package dev.kobahn.protocol

import com.sun.management.ThreadMXBean
import java.lang.management.ManagementFactory

/** Counts the bytes that the current thread allocates, if the JVM can tell. */
internal object Allocation {
    private val threads = (ManagementFactory.getThreadMXBean() as? ThreadMXBean)
        ?.takeIf { it.isThreadAllocatedMemorySupported && it.isThreadAllocatedMemoryEnabled }

    /** Whether [of] works. */
    val isMeasured: Boolean get() = threads != null

    /** Returns the number of bytes that [action] allocates on this thread. */
    fun of(action: () -> Unit): Long {
        val threads = checkNotNull(threads) { "this JVM does not count allocations" }
        val before = threads.currentThreadAllocatedBytes
        action()
        return threads.currentThreadAllocatedBytes - before
    }
}
