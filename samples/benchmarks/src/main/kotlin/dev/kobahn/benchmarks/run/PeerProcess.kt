package dev.kobahn.benchmarks.run

import dev.kobahn.benchmarks.Peer
import dev.kobahn.benchmarks.load.LoadFailure
import java.io.Closeable
import java.io.File
import java.io.IOException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException

/** A peer in a process of its own, spoken to by lines; it ends with its standard input. */
internal class PeerProcess(command: List<String>, private val log: File) : Closeable {
    private val process: Process
    private val lines: java.io.BufferedReader

    init {
        log.parentFile.mkdirs()
        process =
            ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(log)).start()
        lines = process.inputStream.bufferedReader()
    }

    val pid: Long get() = process.pid()

    /** Blocks until a line comes that begins with [word]; returns its rest. */
    fun await(word: String): String = try {
        CompletableFuture.supplyAsync { nextLine(word) }.get(PATIENCE, TimeUnit.SECONDS)
    } catch (e: TimeoutException) {
        throw LoadFailure("the process does not say '$word'", e)
    } catch (e: ExecutionException) {
        throw LoadFailure(e.cause?.message.orEmpty(), e.cause)
    }

    private fun nextLine(word: String): String {
        while (true) {
            val line = lines.readLine() ?: throw LoadFailure("the process has ended, see $log")
            if (line.substringBefore(' ') == word) return line.substringAfter(' ', "")
        }
    }

    fun say(line: String) {
        try {
            process.outputStream.write("$line\n".toByteArray())
            process.outputStream.flush()
        } catch (e: IOException) {
            throw LoadFailure("the process has ended, see $log", e)
        }
    }

    override fun close() {
        try {
            process.outputStream.close()
        } catch (_: IOException) {
            // it has ended before
        }
        if (!process.waitFor(END_TIME, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
    }

    private companion object {
        const val PATIENCE = 60L
        const val END_TIME = 3L
    }
}

/** How a server is started, beside what is the same for all. */
internal class ServerPlan(
    val cores: List<Int>,
    val loops: Int = 1,
    val compressed: Boolean = false,
    val tls: Boolean = false,
    /** For a server in a JVM. */
    val flags: List<String> = Launcher.FLAGS,
)

/** How processes are started: with which JVM, which flags and on which cores. */
internal class Launcher(private val settings: RunSettings) {
    /** Starts the server [peer]; returns its process and its port. */
    fun server(peer: Peer, plan: ServerPlan): Pair<PeerProcess, Int> {
        val modes = listOfNotNull("deflate".takeIf { plan.compressed }, "tls".takeIf { plan.tls })
        val command = when (peer) {
            is Peer.Jvm ->
                java(plan.flags) + SERVER_MAIN + peer.name + "${plan.loops}" + modes

            is Peer.Script -> listOf(peer.interpreter, script(peer)) + modes
        }
        val process = PeerProcess(pinned(plan.cores) + command, log(peer))
        return process to awaitStart(process, "listening").toInt()
    }

    /** Starts the client [peer], which is then told what to do by [arguments]. */
    fun client(peer: Peer, core: Int, vararg arguments: Int): PeerProcess {
        val command =
            java(FLAGS) + listOf(CLIENT_MAIN, peer.name) + arguments.map(Int::toString)
        val process = PeerProcess(pinned(listOf(core)) + command, log(peer))
        return process.also { awaitStart(it, "connected") }
    }

    private fun awaitStart(process: PeerProcess, word: String): String = try {
        process.await(word)
    } catch (e: LoadFailure) {
        process.close()
        throw e
    }

    private fun pinned(cores: List<Int>) =
        if (settings.isPinned) listOf("taskset", "-c", cores.joinToString(",")) else emptyList()

    private fun java(flags: List<String>): List<String> =
        listOf(settings.java) + flags + settings.jvmFlags +
            listOf("-cp", System.getProperty("java.class.path"))

    private fun script(peer: Peer.Script): String {
        val file = settings.work.resolve(peer.resource)
        settings.work.mkdirs()
        javaClass.getResourceAsStream("/${peer.resource}")!!.use {
            file.writeBytes(it.readAllBytes())
        }
        return file.path
    }

    private fun log(peer: Peer) = settings.work.resolve("logs/${peer.name}.log")

    companion object {
        private const val SERVER_MAIN = "dev.kobahn.benchmarks.servers.ServerMainKt"
        private const val CLIENT_MAIN = "dev.kobahn.benchmarks.clients.ClientMainKt"
        private val QUIET = listOf("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
        val FLAGS = listOf("-Xms512m", "-Xmx512m") + QUIET

        /** On two cores the JVM would choose another collector than on one. */
        val LOOPS_FLAGS = FLAGS + "-XX:+UseSerialGC"

        /** There has to be room for 50,000 connections, and the same room for ten. */
        val ROUNDS_FLAGS = listOf("-Xms2g", "-Xmx2g") + QUIET

        /**
         * With the whole heap resident, growth of the process is growth outside of the heap. The
         * optimizing compiler takes tens of megabytes there when it pleases.
         */
        val IDLE_FLAGS =
            listOf("-Xms1g", "-Xmx1g", "-XX:+AlwaysPreTouch", "-XX:TieredStopAtLevel=1") + QUIET
    }
}
