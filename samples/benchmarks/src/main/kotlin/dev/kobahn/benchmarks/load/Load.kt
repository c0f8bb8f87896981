package dev.kobahn.benchmarks.load

import java.io.Closeable
import org.HdrHistogram.Histogram

/** The results of a load in one interval. */
internal class LoadResult(
    /** How many operations were completed: messages, deliveries, or connections. */
    val operations: Long,
    val nanos: Long,
    /** The CPU time of the generator itself. */
    val loadNanos: Long,
    /** In nanoseconds. */
    val latencies: Histogram,
)

/** Something that puts a server to work. [run] may be called again, and goes on where it was. */
internal interface Load : Closeable {
    /** Opens the connections. */
    fun open()

    /** Puts the server to work for [nanos]. */
    fun run(nanos: Long): LoadResult

    /** A remark on the result, or null. */
    val note: String? get() = null

    /** How many connections were left without an answer, known once this is closed. */
    val unanswered: Int get() = 0
}

/** Counts and times what is done while [run] lasts. */
internal class Meter {
    private val latencies = Histogram(LONGEST, 3)
    private var operations = 0L

    fun record(nanos: Long) {
        operations++
        latencies.recordValue(nanos.coerceIn(1, LONGEST))
    }

    /** Runs [loop] for [nanos] and returns what was recorded meanwhile. */
    fun run(loop: LoadLoop, nanos: Long, what: String): LoadResult {
        latencies.reset()
        operations = 0
        val cpu = ThreadCpu.nanos()
        val start = System.nanoTime()
        loop.run(start + nanos + PATIENCE, what) { System.nanoTime() - start >= nanos }
        val end = System.nanoTime()
        return LoadResult(operations, end - start, ThreadCpu.nanos() - cpu, latencies.copy())
    }

    private companion object {
        const val LONGEST = 60_000_000_000L
        const val PATIENCE = 1_000_000_000L
    }
}

/** The time of its core that the calling thread has used. */
private object ThreadCpu {
    private val threads = java.lang.management.ManagementFactory.getThreadMXBean()

    fun nanos(): Long = threads.currentThreadCpuTime
}
