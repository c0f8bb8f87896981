package dev.kobahn.benchmarks.run

import dev.kobahn.benchmarks.Peer
import java.io.File

/** Keeps what is measured and what measures on cores of their own. */
internal object Pinning {
    /** Pins all threads of this process to [core]; false if that cannot be done. */
    fun pinThisProcess(core: Int): Boolean = try {
        val pid = ProcessHandle.current().pid().toString()
        ProcessBuilder("taskset", "-a", "-p", "-c", core.toString(), pid)
            .redirectErrorStream(
                true,
            ).redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() ==
            0
    } catch (_: java.io.IOException) {
        false
    }
}

/** What has to be known to judge the numbers. */
internal object Environment {
    fun describe(settings: RunSettings, peers: List<Peer>): List<String> = listOf(
        "${processor()}, ${System.getProperty("os.name")} ${System.getProperty("os.version")}",
        "peers' JVM: ${settings.java}, ${jvm(settings.java)}",
        "flags: ${(Launcher.FLAGS + settings.jvmFlags).joinToString(" ")}; " +
            "for idle connections ${Launcher.IDLE_FLAGS.joinToString(
                " ",
            )}; collector: the JVM's choice, " +
            "which on one core is Serial",
        "pinned: " +
            if (settings.isPinned) "peer on ${settings.core}, load on ${settings.loadCore}" else "no",
        "${settings.rounds} rounds of ${settings.time / 1e9} s, ${settings.warmUp / 1e9} s of warm-up, " +
            "load average at the start ${loadAverage()}",
        "peers: " + peers.joinToString { "${it.name} ${it.version}" },
    )

    private fun processor(): String {
        val lines = read("/proc/cpuinfo").lines().filter { it.startsWith("model name") }
        return "${lines.size} × ${lines.firstOrNull()?.substringAfter(
            ": ",
        ) ?: System.getProperty("os.arch")}"
    }

    private fun loadAverage() = read("/proc/loadavg").split(' ').take(2).joinToString(" ")

    private fun read(path: String) = File(path).let { if (it.exists()) it.readText() else "" }

    private fun jvm(java: String): String {
        val process = ProcessBuilder(java, "-version").redirectErrorStream(true).start()
        return process.inputStream.bufferedReader().readLines().getOrElse(1) { "" }.trim()
    }
}
