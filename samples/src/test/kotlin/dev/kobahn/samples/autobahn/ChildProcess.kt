package dev.kobahn.samples.autobahn

import java.io.File
import java.net.InetAddress
import java.net.ServerSocket
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.time.Duration

/** A Java program in a process of its own, its output in the file [log]. Closing ends it. */
internal class ChildProcess private constructor(
    private val process: Process,
    private val log: File,
) : AutoCloseable {
    val isAlive: Boolean get() = process.isAlive

    /** Waits until the program ends by itself, and requires that it reports success. */
    fun await(timeout: Duration) {
        check(process.waitFor(timeout.inWholeMilliseconds, TimeUnit.MILLISECONDS)) {
            "not done within $timeout\n${tail()}"
        }
        check(process.exitValue() == 0) { "ended with ${process.exitValue()}\n${tail()}" }
    }

    /** The last lines of what it wrote. */
    fun tail(): String = log.readLines().takeLast(TAIL_LINES).joinToString("\n")

    override fun close() {
        process.destroyForcibly().waitFor()
    }

    companion object {
        private const val TAIL_LINES = 20

        /** Starts `java` with [arguments]; whatever it prints goes to [log]. */
        fun java(log: File, arguments: List<String>): ChildProcess {
            log.parentFile.mkdirs()
            val java = Path.of(System.getProperty("java.home"), "bin", "java").toString()
            val builder = ProcessBuilder(listOf(java) + arguments)
            builder.redirectErrorStream(true).redirectOutput(log)
            val process = builder.start()
            process.outputStream.close()
            return ChildProcess(process, log)
        }
    }
}

/** A port of the loopback address that nobody listened on a moment ago. */
internal fun freePort(): Int =
    ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
