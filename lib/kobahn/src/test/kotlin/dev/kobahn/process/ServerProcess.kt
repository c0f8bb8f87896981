package dev.kobahn.process

import dev.kobahn.Message
import dev.kobahn.WebSocketServer
import dev.kobahn.internal.server.RealWebSocketServer
import dev.kobahn.webSocketServer
import java.io.Closeable
import java.io.File
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream
import kotlinx.coroutines.runBlocking

/**
 * A server in a JVM of its own, which may run out of memory or of descriptors without harm for the
 * test. At `/` it echoes, at `/deaf` it reads nothing, at `/flood` it sends without end.
 *
 * @param java options of the JVM
 * @param descriptors how many it may have open
 */
internal class ServerProcess(vararg java: String, descriptors: Int? = null) : Closeable {
    private val process = start(java.toList(), descriptors)
    private val input = process.outputWriter()
    private val output = process.inputStream.bufferedReader()

    /** What it said first: the port it listens at, or why it does not. */
    val greeting: String = answer()

    val port: Int get() = greeting.removePrefix(PORT).toInt()

    /** How many bytes its connections hold together. */
    val memoryUsed: Int get() = ask("used").toInt()

    /** How many connections it counts. */
    val connectionCount: Int get() = ask("count").toInt()

    /** What its logger had to say, to the end of a process that was ended. */
    val log: String get() = logFile.readText()

    /** How many descriptors it has open. */
    val openDescriptors: Int get() = File("/proc/${process.pid()}/fd").list().orEmpty().size

    /** Has it do [what], and returns what it says to that. */
    fun ask(what: String): String {
        input.write("$what\n")
        input.flush()
        return answer()
    }

    private fun answer(): String {
        val end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE)
        while (!output.ready()) {
            check(process.isAlive) { "the process has ended" }
            check(System.nanoTime() < end) { "the process says nothing" }
            Thread.sleep(PAUSE_MILLIS)
        }
        return output.readLine()
    }

    /** Closes its standard input, upon which it has to stop; the exit value, or null if it goes on. */
    fun stop(): Int? {
        input.close()
        return exitValue()
    }

    /** Sends SIGTERM; the exit value, or null if it goes on. */
    fun terminate(): Int? {
        process.destroy()
        return exitValue()
    }

    private fun exitValue() =
        if (process.waitFor(PATIENCE, TimeUnit.SECONDS)) process.exitValue() else null

    override fun close() {
        process.destroyForcibly().waitFor()
        logFile.delete()
    }

    private val logFile: File get() = File(logPath)
    private lateinit var logPath: String

    private fun start(options: List<String>, descriptors: Int?): Process {
        val log = File.createTempFile("kobahn", ".log")
        logPath = log.path
        val java = File(System.getProperty("java.home"), "bin/java").path
        val command = listOf(java) + options + FIXED +
            listOf("-cp", classPath.joinToString(File.pathSeparator), MAIN)
        val limited = "${descriptors?.let { "ulimit -n $it; " }.orEmpty()}exec \"$@\""
        return ProcessBuilder(listOf("sh", "-c", limited, "sh") + command)
            .redirectError(log)
            .start()
    }

    companion object {
        const val PORT = "port "
        private const val PATIENCE = 15L
        private const val PAUSE_MILLIS = 5L
        private const val MAIN = "dev.kobahn.process.ServerProcessKt"
        private val FIXED = listOf(
            "-Dkotlin-logging.logStartupMessage=false",
            "-Dkotlin-logging.throwOnMessageError=false",
        )

        /** With jars, as an application has them: they are open before the descriptors run out. */
        private val classPath: List<String> by lazy {
            val whole = System.getProperty("surefire.test.class.path")
                ?: System.getProperty("java.class.path")
            val directory = Files.createTempDirectory("kobahn")
            whole.split(File.pathSeparator).filter { NEEDED.containsMatchIn(it) }.map {
                if (File(it).isDirectory) jarOf(File(it), directory) else it
            }
        }
        private val NEEDED =
            Regex("(classes|kotlin-stdlib|coroutines-core|ktor-|kotlin-logging|slf4j|kotlinx-io)")

        private fun jarOf(classes: File, directory: Path): String {
            val jar = Files.createTempFile(directory, classes.name, ".jar").toFile()
            ZipOutputStream(jar.outputStream()).use { zip ->
                classes.walk().filter { it.isFile && it.extension == "class" }.forEach {
                    zip.putNextEntry(ZipEntry(it.relativeTo(classes).invariantSeparatorsPath))
                    it.inputStream().use { bytes -> bytes.copyTo(zip) }
                    zip.closeEntry()
                }
            }
            jar.deleteOnExit()
            directory.toFile().deleteOnExit()
            return jar.path
        }
    }
}

/** The server, until its standard input ends. */
fun main() {
    val server = webSocketServer {
        maxMessagePayloadSize = 16L shl 20
        java.lang.Long.getLong("kobahn.process.memoryBudget")?.let { memoryBudget = it }
        onConnect { for (message in incoming) send(message) }
        route("/deaf") { onConnect { awaitClosed() } }
        route("/flood") {
            onConnect {
                val message = Message.Binary(ByteArray(64 * 1024))
                while (true) send(message)
            }
        }
    }
    try {
        runBlocking { server.start() }
    } catch (failure: Exception) {
        println("$failure")
    }
    runCatching { server.port }.onSuccess { println("${ServerProcess.PORT}$it") }
    val input = System.`in`.bufferedReader()
    while (true) {
        val line = insisting { input.readLine() } ?: break
        insisting { println(answer(server, line)) }
    }
    insisting { runBlocking { server.stop() } }
}

private fun answer(server: WebSocketServer, line: String): Any = when (line) {
    "count" -> server.connectionCount
    "used" -> (server as RealWebSocketServer).budget?.used ?: 0
    else -> "what is $line?"
}

/** This thread is to survive too. */
private inline fun <T> insisting(action: () -> T): T {
    while (true) {
        try {
            return action()
        } catch (_: OutOfMemoryError) {
            Thread.yield()
        }
    }
}
