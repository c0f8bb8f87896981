package dev.kobahn.benchmarks.run

import java.io.File

/** How a run is done. */
class RunSettings(
    val rounds: Int = 5,
    /** How long each peer works before the first round, in nanoseconds. */
    val warmUp: Long = 5_000_000_000,
    /** How long each measurement lasts, in nanoseconds. */
    val time: Long = 2_000_000_000,
    /** Where the measured process runs. */
    val core: Int = 0,
    /** Where the load runs, or the server of a measured client. */
    val loadCore: Int = 1,
    val isPinned: Boolean = true,
    /** The server that clients are measured with. */
    val server: String = "netty-epoll",
    val java: String = System.getProperty("java.home") + "/bin/java",
    val jvmFlags: List<String> = emptyList(),
    /** Where scripts are put, and what the peers complain about. */
    val work: File = File("target/results"),
) {
    /** The cores of a server with [loops]: the load's own only if there are no others left. */
    fun serverCores(loops: Int): List<Int> {
        val others = (0 until Machine.cores).filter { it != core && it != loadCore }
        return (listOf(core) + others + loadCore).distinct().take(loops)
    }
}
