package dev.kobahn.samples

import dev.kobahn.webSocketClient
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldMatch
import java.io.File
import java.nio.file.Files
import java.util.concurrent.TimeUnit
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

class SampleProcessTest :
    FunSpec({
        test("a server says on stdout where it listens, and stops gracefully on SIGTERM") {
            val process = sample("echo", "--port", "0", "--host", "127.0.0.1")
            try {
                val output = process.inputStream.bufferedReader()
                val first = withContext(Dispatchers.IO) { output.readLine() }
                first shouldMatch Regex("listening on ws://127\\.0\\.0\\.1:[1-9]\\d*")
                webSocketClient().connect(first.removePrefix("listening on ")) {
                    send("hello")
                    incoming.receive().toString() shouldBe "hello"
                    // Process.destroy() would close its output as well
                    process.toHandle().destroy()
                    awaitClosed().run { code to wasClean } shouldBe (1001 to true)
                }
                withContext(Dispatchers.IO) { process.waitFor(10, TimeUnit.SECONDS) } shouldBe true
                output.readText() shouldBe ""
            } finally {
                process.destroyForcibly()
            }
        }

        test("a server on a Unix socket says its URL, and removes the file on SIGTERM") {
            val path = Files.createTempDirectory("kobahn").resolve("echo.sock")
            val process = sample("echo", "--unix", "$path")
            try {
                val output = process.inputStream.bufferedReader()
                val first = withContext(Dispatchers.IO) { output.readLine() }
                first shouldBe "listening on ws+unix:$path:/"
                webSocketClient().connect(first.removePrefix("listening on ")) {
                    send("hello")
                    incoming.receive().toString() shouldBe "hello"
                }
                process.toHandle().destroy()
                withContext(Dispatchers.IO) { process.waitFor(10, TimeUnit.SECONDS) } shouldBe true
                Files.exists(path) shouldBe false
            } finally {
                process.destroyForcibly()
            }
        }

        test("a server with --self-signed says by which file clients can trust it") {
            val arguments = arrayOf("echo", "--port", "0", "--self-signed")
            val process = sample(*arguments, errors = ProcessBuilder.Redirect.PIPE)
            try {
                val output = process.inputStream.bufferedReader()
                val errors = process.errorStream.bufferedReader()
                val first = withContext(Dispatchers.IO) { output.readLine() }
                first shouldMatch Regex("listening on wss://localhost:[1-9]\\d*")
                val note = withContext(Dispatchers.IO) { errors.readLine() }
                val client = webSocketClient {
                    tls { trust(File(note.substringAfter("--ca "))) }
                }
                client.connect(first.removePrefix("listening on ")) {
                    send("hello")
                    incoming.receive().toString() shouldBe "hello"
                }
            } finally {
                process.toHandle().destroy()
                process.waitFor(10, TimeUnit.SECONDS)
                process.destroyForcibly()
            }
        }

        test("with the option logFrames a server writes a line for every frame to stderr") {
            val arguments = arrayOf("echo", "--port", "0", "--option", "logFrames=true")
            val process = sample(*arguments, errors = ProcessBuilder.Redirect.PIPE)
            try {
                val output = process.inputStream.bufferedReader()
                val first = withContext(Dispatchers.IO) { output.readLine() }
                webSocketClient().connect(first.removePrefix("listening on ")) {
                    send("hello")
                    incoming.receive()
                }
                process.toHandle().destroy()
                val log = withContext(Dispatchers.IO) { process.errorStream.reader().readText() }
                log shouldContain Regex("TRACE wire - < #1 tcp\\S+ TEXT fin masked 5 \"hello\"")
                log shouldContain Regex("TRACE wire - > #1 tcp\\S+ TEXT fin 5 \"hello\"")
            } finally {
                process.destroyForcibly()
            }
        }

        test("without arguments the help is printed") {
            val process = sample()
            val text = withContext(Dispatchers.IO) { process.inputStream.reader().readText() }
            text.lines().first() shouldBe "Usage: kobahn-samples [<options>] <command> [<args>]..."
        }
    })

private fun sample(
    vararg arguments: String,
    errors: ProcessBuilder.Redirect = ProcessBuilder.Redirect.INHERIT,
): Process {
    val java = File(System.getProperty("java.home"), "bin/java").path
    val classPath = listOf("-cp", System.getProperty("java.class.path"))
    return ProcessBuilder(listOf(java) + classPath + "dev.kobahn.samples.MainKt" + arguments)
        .redirectError(errors)
        .start()
}
