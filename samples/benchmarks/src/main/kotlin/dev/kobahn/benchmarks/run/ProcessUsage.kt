package dev.kobahn.benchmarks.run

import java.io.File

/** The resources of a process as the kernel counts them (Linux). */
internal class ProcessUsage(private val pid: Long) {
    /**
     * The CPU time of all its threads so far, in nanoseconds, as exact as the kernel's ticks of 10
     * ms.
     */
    fun cpuNanos(): Long {
        // the name, which stands in brackets, may contain anything
        val fields = File("/proc/$pid/stat").readText().substringAfterLast(") ").split(' ')
        return (fields[USER].toLong() + fields[SYSTEM].toLong()) * NANOS_PER_TICK
    }

    /** How much of it is in memory, in bytes. */
    fun residentBytes(): Long {
        val line = File("/proc/$pid/status").readLines().first { it.startsWith("VmRSS:") }
        return line.filter(Char::isDigit).toLong() * 1024
    }

    /**
     * Blocks until it does nothing, so that what it has left to clean up costs nobody else's time;
     * not for ever, for some always do something.
     */
    fun awaitRest() {
        val end = System.nanoTime() + LONGEST_REST
        var before = cpuNanos()
        while (System.nanoTime() < end) {
            Thread.sleep(REST_MILLIS)
            val now = cpuNanos()
            if (now == before) return
            before = now
        }
    }

    private companion object {
        const val REST_MILLIS = 100L
        const val LONGEST_REST = 5_000_000_000L
        const val USER = 11
        const val SYSTEM = 12
        const val NANOS_PER_TICK = 10_000_000L
    }
}

internal const val KIB = 1024.0
internal const val MIB = 1024.0 * 1024.0
