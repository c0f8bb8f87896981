package dev.kobahn.interop

import dev.kobahn.RawPeer
import io.kotest.assertions.nondeterministic.eventually
import java.io.File
import java.io.InputStream
import java.io.OutputStream
import java.net.Socket
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.seconds

/** A running program of other people, with its standard streams. Closing it ends the process. */
internal class Program private constructor(private val process: Process, private val errors: File) :
    AutoCloseable {
    private val lines = process.inputStream.bufferedReader()

    init {
        // Reading from it cannot be interrupted, so a program that hangs is ended.
        process.onExit().orTimeout(LIFETIME_SECONDS, TimeUnit.SECONDS)
            .exceptionally { process.destroyForcibly() }
    }

    /** The text on standard error so far. */
    val errorOutput: String get() = errors.readText()

    /** The bytes of its standard streams. */
    fun peer(): RawPeer = RawPeer(Streams(process))

    /** Returns its next line, or null at its end. */
    fun readLine(): String? = lines.readLine()

    /** Returns the rest of its output and waits for its end. */
    fun readAll(): String = lines.readText().also { process.waitFor() }

    /** Writes [text] to its standard input. */
    fun write(text: String) = process.outputStream.run {
        write(text.toByteArray())
        flush()
    }

    /** Ends it at once, so that it can say nothing more. */
    fun kill() {
        process.destroyForcibly().waitFor()
    }

    /** Waits for its end and returns its exit code. */
    fun awaitEnd(): Int {
        check(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) { "it still runs: $errorOutput" }
        return process.exitValue()
    }

    /** Runs [block] with [port] as soon as it listens there. */
    suspend fun listening(port: Int, block: suspend (port: Int) -> Unit) {
        eventually(20.seconds) { Socket("127.0.0.1", port).close() }
        block(port)
    }

    override fun close() {
        process.outputStream.runCatching { close() }
        process.destroy()
        if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
        errors.delete()
    }

    /** Standard streams in the form of a socket. */
    private class Streams(private val process: Process) : Socket() {
        override fun getInputStream(): InputStream = process.inputStream

        override fun getOutputStream(): OutputStream = object : OutputStream() {
            override fun write(byte: Int) = write(byteArrayOf(byte.toByte()))

            override fun write(bytes: ByteArray, offset: Int, length: Int) {
                process.outputStream.write(bytes, offset, length)
                process.outputStream.flush()
            }
        }

        override fun shutdownOutput() = process.outputStream.close()

        override fun close() = process.destroy()
    }

    companion object {
        private const val GRACE_SECONDS = 5L
        private const val PATIENCE_SECONDS = 20L
        private const val LIFETIME_SECONDS = 50L
        private val folders =
            System.getenv("PATH").orEmpty().split(File.pathSeparator) + "/usr/sbin"

        /** The executable file of [name], which may be a path, or null. */
        fun find(name: String): File? = if (File(name).isAbsolute) {
            File(name).takeIf(File::canExecute)
        } else {
            folders.map { File(it, name) }.firstOrNull(File::canExecute)
        }

        /** Starts [command] with the npm packages of the tests and with [environment]. */
        fun start(vararg command: Any, environment: Map<String, String> = emptyMap()): Program {
            val program = checkNotNull(find("${command.first()}")) { "no ${command.first()}" }
            val errors = File.createTempFile("errors", ".txt", workFolder())
            val builder = ProcessBuilder(listOf(program.path) + command.drop(1).map { "$it" })
                .redirectError(errors)
            builder.environment()["NODE_PATH"] = npmModules.path
            builder.environment() += environment
            return Program(builder.start(), errors)
        }

        /** A script in `src/test/resources/interop`. */
        fun script(name: String): String = File("src/test/resources/interop/$name").absolutePath
    }
}
