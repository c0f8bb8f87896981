package dev.kobahn.conformance

import java.io.File
import java.io.IOException
import java.util.concurrent.TimeUnit

/**
 * A WebSocket library of other people that has permessage-deflate, see
 * `src/test/resources/deflate/README.md`.
 */
internal enum class DeflateLibrary(
    private val command: List<String>,
    private val probe: List<String>,
) {
    /** autobahn-python, Debian's package `python3-autobahn`. */
    AUTOBAHN(python("autobahn_peer.py"), pythonProbe("autobahn.asyncio")),

    /** ws for Node.js. */
    WS(listOf("node", script("ws_peer.js")), listOf("node", "-e", "require('ws')")),

    /** python-websockets, Debian's package `python3-websockets`. */
    WEBSOCKETS(python("websockets_peer.py"), pythonProbe("websockets")),
    ;

    /** Whether it can be run here. */
    val isInstalled: Boolean by lazy {
        File(probe.first()).let { !it.isAbsolute || it.canExecute() } && process(probe).runs()
    }

    /** Starts a server with it, which has the wishes of [combination]. */
    fun listen(combination: Combination): DeflatePeer = start("listen", combination)

    /** Starts a client of our server at [port] with it, which has the wishes of [combination]. */
    fun connect(port: Int, combination: Combination): DeflatePeer = start("$port", combination)

    private fun start(role: String, combination: Combination) =
        DeflatePeer(process(command + role + combination.argument))

    private fun process(command: List<String>): ProcessBuilder {
        val builder = ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT)
        System.getProperty("deflate.directory")
            ?.let { builder.environment()["NODE_PATH"] = "$it/node_modules" }
        return builder
    }

    private fun ProcessBuilder.runs(): Boolean = try {
        redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD)
        start().waitFor() == 0
    } catch (_: IOException) {
        // there is no such program
        false
    }
}

/** A running peer. Closing it ends the process; so does the end of this one. */
internal class DeflatePeer(builder: ProcessBuilder) : AutoCloseable {
    private val process: Process = builder.start()
    private val lines = process.inputStream.bufferedReader()

    /** The URL of a server. */
    val url: String by lazy {
        val line = lines.readLine()
        "ws://127.0.0.1:${line?.toIntOrNull() ?: error("no port but $line")}/"
    }

    override fun close() {
        process.outputStream.close()
        if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
    }

    private companion object {
        const val GRACE_SECONDS = 5L
    }
}

// the system's Python: another one on the PATH would not see Debian's packages
private const val PYTHON = "/usr/bin/python3"

private fun script(name: String) = File("src/test/resources/deflate/$name").absolutePath

private fun python(name: String) = listOf(PYTHON, script(name))

private fun pythonProbe(module: String) = listOf(PYTHON, "-c", "import $module")
