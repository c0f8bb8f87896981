package dev.kobahn.benchmarks.run

import com.sun.management.UnixOperatingSystemMXBean
import dev.kobahn.benchmarks.Peer
import java.io.File
import java.lang.management.ManagementFactory
import java.time.LocalDate

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

/** The machine as the system describes it (Linux). */
internal object Machine {
    private val processors: List<String> =
        read("/proc/cpuinfo").lines().filter { it.startsWith("model name") }

    /** All of them, whatever this process is pinned to. */
    val cores: Int = processors.size.coerceAtLeast(1)

    val processor: String
        get() = processors.firstOrNull()?.substringAfter(": ") ?: System.getProperty("os.arch")

    val system: String
        get() = "${System.getProperty("os.name")} ${System.getProperty("os.version")}"

    val memory: String
        get() {
            val line = read("/proc/meminfo").lines().first()
            return "%.1f GiB".format(line.filter(Char::isDigit).ifEmpty { "0" }.toLong() / MIB)
        }

    val loadAverage: String get() = read("/proc/loadavg").split(' ').take(2).joinToString(" ")

    /** How many files, and so sockets, a process may have open. */
    val files: Long
        get() {
            val system = ManagementFactory.getOperatingSystemMXBean()
            return (system as? UnixOperatingSystemMXBean)?.maxFileDescriptorCount ?: Long.MAX_VALUE
        }

    private fun read(path: String) = File(path).let { if (it.exists()) it.readText() else "" }
}

/** The facts that are needed to judge the numbers. */
internal object Environment {
    fun describe(settings: RunSettings, peers: List<Peer>, flags: String): List<String> = listOf(
        "date: ${LocalDate.now()}",
        "machine: ${Machine.cores} × ${Machine.processor}, ${Machine.memory}, ${Machine.system}",
        "peers' JVM: ${jvm(settings.java)}",
        "flags: " + (listOf(flags) + settings.jvmFlags).joinToString("; "),
        "cores: " + with(settings) { if (isPinned) "peer $core, load $loadCore" else "any" },
        "${settings.rounds} rounds of ${settings.time / 1e9} s after ${settings.warmUp / 1e9} s",
        "load average at the start: ${Machine.loadAverage}",
        "peers: " + peers.joinToString { "${it.name} ${it.version}" },
    )

    private fun jvm(java: String): String {
        val process = ProcessBuilder(java, "-version").redirectErrorStream(true).start()
        return process.inputStream.bufferedReader().readLines().getOrElse(1) { "" }.trim()
    }
}
