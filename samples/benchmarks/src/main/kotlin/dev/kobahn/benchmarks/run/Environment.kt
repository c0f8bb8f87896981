package dev.kobahn.benchmarks.run

import dev.kobahn.benchmarks.Peer
import java.io.File

/** Keeps what is measured and what measures on cores of their own. */
internal object Pinning {
    /** Pins all threads of this process to [core]; false if that cannot be done. */
    fun pinThisProcess(core: Int): Boolean = try {
        val pid = ProcessHandle.current().pid()
        val taskset = ProcessBuilder("taskset", "-a", "-p", "-c", "$core", "$pid")
        taskset.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD)
        taskset.start().waitFor() == 0
    } catch (_: java.io.IOException) {
        false
    }
}

/** What has to be known to judge the numbers. */
internal object Environment {
    fun describe(settings: RunSettings, peers: List<Peer>): List<String> = listOf(
        "${processor()}, ${System.getProperty("os.name")} ${System.getProperty("os.version")}",
        "peers' JVM: ${settings.java}, ${jvm(settings.java)}",
        "flags: ${(Launcher.FLAGS + settings.jvmFlags).joinToString(" ")}",
        "flags for idle connections: ${Launcher.IDLE_FLAGS.joinToString(" ")}",
        "collector: what the JVM chooses, which on one core is Serial",
        "cores: " + with(settings) { if (isPinned) "peer $core, load $loadCore" else "any" },
        "${settings.rounds} rounds of ${settings.time / 1e9} s after ${settings.warmUp / 1e9} s",
        "load average at the start: ${loadAverage()}",
        "peers: " + peers.joinToString { "${it.name} ${it.version}" },
    )

    private fun processor(): String {
        val lines = read("/proc/cpuinfo").lines().filter { it.startsWith("model name") }
        val name = lines.firstOrNull()?.substringAfter(": ") ?: System.getProperty("os.arch")
        return "${lines.size} × $name"
    }

    private fun loadAverage() = read("/proc/loadavg").split(' ').take(2).joinToString(" ")

    private fun read(path: String) = File(path).let { if (it.exists()) it.readText() else "" }

    private fun jvm(java: String): String {
        val process = ProcessBuilder(java, "-version").redirectErrorStream(true).start()
        return process.inputStream.bufferedReader().readLines().getOrElse(1) { "" }.trim()
    }
}
