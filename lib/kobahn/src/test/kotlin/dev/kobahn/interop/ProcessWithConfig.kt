package dev.kobahn.interop

import io.kotest.assertions.nondeterministic.eventually
import io.kotest.engine.TestAbortedException
import java.io.File
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.seconds

/**
 * A program of other people that reads a configuration file, in a folder of its own that is its
 * working directory. Closing it ends the process.
 */
internal class ProcessWithConfig private constructor(
    private val process: Process,
    private val file: File,
) : AutoCloseable {
    private val folder = file.parentFile

    /** The output of the program so far. */
    val output: String get() = File(folder, OUTPUT).readText()

    /** Sends it a signal such as `HUP`. */
    fun signal(name: String) {
        val kill = ProcessBuilder("kill", "-$name", "${process.pid()}").inheritIO().start()
        check(kill.waitFor() == 0) { "no signal $name" }
    }

    /** Writes another [text] into its configuration file. */
    fun configure(text: String) = file.writeText(text)

    /** Runs [block] with [port] as soon as something listens there; a failure shows its output. */
    suspend fun listening(port: Int, block: suspend (port: Int) -> Unit) = use {
        try {
            eventually(20.seconds) { Socket("127.0.0.1", port).close() }
            block(port)
        } catch (failure: Throwable) {
            println(output)
            throw failure
        }
    }

    override fun close() {
        process.destroy()
        if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
        folder.deleteRecursively()
    }

    companion object {
        private const val GRACE_SECONDS = 5L
        private const val OUTPUT = "output.txt"

        /** Starts [program] with [config]; skips the test, and says so, if it is not installed. */
        fun start(program: String, config: String, vararg arguments: String): ProcessWithConfig {
            val executable = Program.find(program)
            if (executable == null) {
                println("Skipped: $program is not installed, see src/test/interop")
                throw TestAbortedException("$program is not installed")
            }
            val folder = tempFolder(program)
            val file = File(folder, "$program.conf").apply { writeText(config) }
            val builder = ProcessBuilder(executable.path, *arguments, file.path)
                .directory(folder)
                .redirectErrorStream(true)
                .redirectOutput(File(folder, OUTPUT))
            builder.environment()["HOME"] = folder.path
            return ProcessWithConfig(builder.start(), file)
        }

        /** Starts nginx with [config], see [nginxConfig]. */
        fun nginx(config: String): ProcessWithConfig = start("nginx", config, "-p", ".", "-c")

        /** Starts HAProxy with [config]. */
        fun haproxy(config: String, vararg arguments: String): ProcessWithConfig =
            start("haproxy", config, *arguments, "-f")

        /** A port that was free a moment ago: such programs cannot tell which one they took. */
        fun freePort(): Int =
            ServerSocket(0, 1, InetAddress.getByName("127.0.0.1")).use { it.localPort }
    }
}
