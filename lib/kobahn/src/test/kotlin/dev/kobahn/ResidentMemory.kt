package dev.kobahn

import io.kotest.core.test.Enabled
import io.kotest.core.test.TestCase
import java.io.File

/**
 * How a JVM grows outside of its heap: another JVM, whose heap is all there from the beginning, runs
 * a `main` that tells of it by [tellGrowth].
 */
internal object ResidentMemory {
    private val status = File("/proc/self/status")
    private const val GROWN = "grown by "

    /** For tests that need to know it. */
    val whereKnown: (TestCase) -> Enabled = {
        if (status.exists()) Enabled.enabled else Enabled.disabled("$status is not there")
    }

    /** The bytes by which a JVM with a heap of [heap], such as `48m`, says that it has grown in [mainClass]. */
    fun growth(mainClass: String, heap: String, vararg options: String): Long {
        val classPath = System.getProperty("surefire.test.class.path")
            ?: System.getProperty("java.class.path")
        val java = File(System.getProperty("java.home"), "bin/java").path
        val fixed = listOf(java, "-Xms$heap", "-Xmx$heap", "-XX:+AlwaysPreTouch")
        val process = ProcessBuilder(fixed + options + listOf("-cp", classPath, mainClass))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start()
        try {
            val output = process.inputStream.bufferedReader().readLines()
            return output.single { it.startsWith(GROWN) }.removePrefix(GROWN).toLong()
        } finally {
            process.destroyForcibly().waitFor()
        }
    }

    /** Tells whoever asks for the [growth] of this JVM what [action] made it grow by. */
    inline fun tellGrowth(action: () -> Unit) {
        val before = now()
        action()
        println(GROWN + (now() - before))
    }

    /** The memory of this process in bytes, that of the heap included. */
    fun now(): Long {
        val line = status.readLines().single { it.startsWith("VmRSS:") }
        return line.filter(Char::isDigit).toLong() * 1024
    }
}
