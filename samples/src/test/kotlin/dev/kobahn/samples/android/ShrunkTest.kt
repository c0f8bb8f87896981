package dev.kobahn.samples.android

import dev.kobahn.use
import dev.kobahn.webSocketServer
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldNotContain
import java.io.BufferedReader
import java.io.File
import java.util.concurrent.TimeUnit
import java.util.jar.JarFile
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/** The sample as ProGuard has left it. Run by the profile `shrink` alone. */
class ShrunkTest :
    FunSpec({
        timeout = 60_000

        val jar = File(System.getProperty("shrunk.jar"))

        test("the shrunk app connects, and connects again on another network") {
            webSocketServer {
                onConnect { for (message in incoming) send(message) }
            }.use { server ->
                val app = start(jar, "ws://localhost:${server.port}/")
                try {
                    val screen = app.inputStream.bufferedReader()
                    screen.line() shouldBe "connected"
                    app.type("hello")
                    screen.line() shouldBe "< hello"
                    app.type("network mobile")
                    screen.line() shouldBe "not connected"
                    screen.line() shouldBe "connected"
                    app.type("again")
                    screen.line() shouldBe "< again"
                    app.outputStream.close()
                    withContext(Dispatchers.IO) { app.waitFor(20, TimeUnit.SECONDS) } shouldBe true
                    app.exitValue() shouldBe 0
                } finally {
                    app.destroyForcibly()
                }
            }
        }

        test("nothing of the server is left, and names are short") {
            val names = JarFile(jar).use { file -> file.entries().toList().map { it.name } }
            names.joinToString() shouldNotContain "RealWebSocketServer"
            jar.length() shouldBeLessThan 3L * 1024 * 1024
        }
    })

private suspend fun BufferedReader.line(): String? = withContext(Dispatchers.IO) { readLine() }

private fun Process.type(line: String) {
    outputStream.write("$line\n".toByteArray())
    outputStream.flush()
}

private fun start(jar: File, url: String): Process {
    val java = File(System.getProperty("java.home"), "bin/java").path
    return ProcessBuilder(java, "-cp", jar.path, "dev.kobahn.samples.android.MainKt", url)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start()
}
