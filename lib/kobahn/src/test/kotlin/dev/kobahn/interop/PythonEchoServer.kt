package dev.kobahn.interop

import java.io.File
import java.util.concurrent.TimeUnit

/** A WebSocket library for Python by the name of its [module], as Debian packages it. */
internal enum class PythonLibrary(val module: String) {
    /** python-websockets, package `python3-websockets`. */
    WEBSOCKETS("websockets"),

    /** autobahn-python on asyncio, package `python3-autobahn`. */
    AUTOBAHN("autobahn"),
}

/**
 * An echo server written with another library, in a process of its own on a free [port] of
 * 127.0.0.1. It takes permessage-deflate when the client offers it. Closing it ends the process; so
 * does the end of this one, as the server ends with its standard input.
 */
internal class PythonEchoServer private constructor(private val process: Process, val port: Int) :
    AutoCloseable {
    val url: String get() = "ws://127.0.0.1:$port/"

    override fun close() {
        process.outputStream.close()
        if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
    }

    companion object {
        private const val GRACE_SECONDS = 5L

        // the system's Python: another one on the PATH would not see Debian's packages
        private val python = File("/usr/bin/python3")

        /** Starts the server, or says why not and returns null if [library] is not installed. */
        fun start(library: PythonLibrary): PythonEchoServer? {
            if (!isInstalled(library)) {
                println("Skipped: $python has no module ${library.module}, see src/test/interop")
                return null
            }
            val script = File("src/test/resources/interop/${library.module}_echo.py").absolutePath
            val builder = ProcessBuilder(python.path, script)
            val process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start()
            val line = process.inputStream.bufferedReader().readLine()
            val port = line?.toIntOrNull() ?: error("no port but $line from $script")
            return PythonEchoServer(process, port)
        }

        private fun isInstalled(library: PythonLibrary): Boolean {
            if (!python.canExecute()) return false
            val process = ProcessBuilder(python.path, "-c", "import ${library.module}")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
            return process.waitFor() == 0
        }
    }
}
