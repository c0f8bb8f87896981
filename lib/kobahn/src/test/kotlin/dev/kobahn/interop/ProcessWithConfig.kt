package dev.kobahn.interop

import io.kotest.engine.TestAbortedException
import java.io.File
import java.net.InetAddress
import java.net.ServerSocket
import java.nio.file.Files
import java.util.concurrent.TimeUnit

/**
 * A program of other people that reads a configuration file, in a folder of its own that is its
 * working directory. Closing it ends the process.
 */
internal class ProcessWithConfig private constructor(
    private val process: Process,
    private val folder: File,
) : AutoCloseable {
    /** What the program has written so far. */
    val output: String get() = File(folder, OUTPUT).readText()

    override fun close() {
        process.destroy()
        if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
        folder.deleteRecursively()
    }

    companion object {
        private const val GRACE_SECONDS = 5L
        private const val OUTPUT = "output.txt"
        private val folders = System.getenv("PATH").split(File.pathSeparator) + "/usr/sbin"

        /** Starts [program] with [config]; skips the test, and says so, if it is not installed. */
        fun start(program: String, config: String, vararg arguments: String): ProcessWithConfig {
            val executable = folders.map { File(it, program) }.firstOrNull(File::canExecute)
            if (executable == null) {
                println("Skipped: $program is not installed, see src/test/interop")
                throw TestAbortedException("$program is not installed")
            }
            val folder = Files.createTempDirectory("kobahn-$program").toFile()
            val file = File(folder, "$program.conf").apply { writeText(config) }
            val process = ProcessBuilder(executable.path, *arguments, file.path)
                .directory(folder)
                .redirectErrorStream(true)
                .redirectOutput(File(folder, OUTPUT))
                .start()
            return ProcessWithConfig(process, folder)
        }

        /** A port that was free a moment ago: such programs cannot tell which one they took. */
        fun freePort(): Int =
            ServerSocket(0, 1, InetAddress.getByName("127.0.0.1")).use { it.localPort }
    }
}
