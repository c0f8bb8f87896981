package dev.kobahn.samples

import com.github.ajalt.clikt.core.BadParameterValue
import com.github.ajalt.clikt.core.ProgramResult
import com.github.ajalt.clikt.core.parse
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.use
import dev.kobahn.webSocketServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.io.ByteArrayOutputStream
import java.io.InputStream
import java.io.PipedInputStream
import java.io.PipedOutputStream
import java.net.ServerSocket
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

class ConnectCommandTest :
    FunSpec({
        timeout = 60.seconds.inWholeMilliseconds

        test("lines go out and what comes back is written, then the connection is closed cleanly") {
            serving({ echo() }) { url ->
                val run = connect("hello\nwörld\n".byteInputStream(), url)
                run.output.decodeToString() shouldBe "hello\nwörld\n"
                run.errors shouldStartWith "closed: clean 1000, begun by local"
                run.exitCode shouldBe 0
            }
        }

        test("a binary message of 10 MiB comes back byte for byte") {
            serving({ echo() }) { url ->
                val bytes = Random(1).nextBytes(10 * 1024 * 1024)
                val run = connect(bytes.inputStream(), url, "--binary", "--wait", "50ms")
                run.output.contentEquals(bytes) shouldBe true
                run.exitCode shouldBe 0
            }
        }

        test("it ends when the server closes, while standard input is open") {
            serving({ onConnect { send("bye") } }) { url ->
                PipedOutputStream().use { typing ->
                    val run = connect(PipedInputStream(typing), url)
                    run.output.decodeToString() shouldBe "bye\n"
                    run.errors shouldStartWith "closed: clean 1000, begun by remote"
                    run.exitCode shouldBe 0
                }
            }
        }

        test("an unclean end gives exit code 1 and the cause") {
            serving({
                onConnect {
                    incoming.receive()
                    drop()
                }
            }) { url ->
                val run = connect("drop it\n".byteInputStream(), url, "--wait", "10s")
                run.errors shouldContain "unclean 1006"
                run.exitCode shouldBe 1
            }
        }

        test("what an automatic Ping took is said") {
            serving({ echo() }) { url ->
                val more = "--option autoPingInterval=50ms --wait 2s"
                val run = connect("hello\n".byteInputStream(), url, *more.split(' ').toTypedArray())
                run.errors shouldStartWith "round trip: "
                run.exitCode shouldBe 0
            }
        }

        test("compression is told of on both sides: what was agreed on, and what it came to") {
            val errors = ByteArrayOutputStream()
            val console = Console(InputStream.nullInputStream(), ByteArrayOutputStream(), errors)
            serving({
                perMessageDeflate { serverMaxWindowBits = 10 }
                echo(console)
            }) { url ->
                val input = "hello".repeat(100)
                val run = connect(
                    "$input\n".byteInputStream(),
                    url,
                    "--option",
                    "perMessageDeflate=true",
                    "--wait",
                    "50ms",
                )
                run.output.decodeToString() shouldBe "$input\n"
                run.errors shouldContain
                    "extensions: permessage-deflate; server_max_window_bits=10\n"
                run.errors shouldContain COMPRESSED
                run.exitCode shouldBe 0
            }
            errors.toString(Charsets.UTF_8) shouldContain
                "extensions: permessage-deflate; server_max_window_bits=10\n"
            errors.toString(Charsets.UTF_8) shouldContain COMPRESSED
        }

        test("a refusal gives exit code 1, the status and the body") {
            serving({ onConnect { deny(403, body = "not you") } }) { url ->
                val run = connect(InputStream.nullInputStream(), url)
                run.errors shouldContain "403"
                run.errors shouldContain "not you"
                run.exitCode shouldBe 1
            }
        }

        test("what a server says does not command the terminal it is shown on") {
            val said = "\u001B[2Jtwo\nlines\u009B31m\u202E \uD83D\uDE00"
            serving({ onConnect { send(said) } }) { url ->
                val shown = "\\u001b[2Jtwo\nlines\\u009b31m\\u202e \uD83D\uDE00\n"
                val run = connect(InputStream.nullInputStream(), url, isTerminal = true)
                run.output.decodeToString() shouldBe shown
            }
            // Whoever reads it from a pipe gets what was sent.
            serving({ onConnect { send(said) } }) { url ->
                connect(InputStream.nullInputStream(), url).output.decodeToString() shouldBe
                    "$said\n"
            }
        }

        test("a server that cannot be reached is named once") {
            val port = ServerSocket(0).use { it.localPort }
            val errors = connect(InputStream.nullInputStream(), "ws://127.0.0.1:$port/").errors
            errors shouldBe
                "failed: TCP: Connection refused: 127.0.0.1:$port; does a server listen there?\n"
        }

        test("a server forges no line of ours by its refusal") {
            val body = "sorry\nclosed: clean 1000\u001B[31m"
            serving({ onConnect { deny(403, "no\u0085way", body = body) } }) { url ->
                connect(InputStream.nullInputStream(), url).errors shouldBe
                    "refused: ${url.removePrefix("ws://").removeSuffix("/")}: " +
                    "answered 403 no\\u0085way instead of 101: " +
                    "check the rights of the user; some servers demand an origin\n" +
                    "    sorry\n    closed: clean 1000\\u001b[31m\n"
            }
        }

        test("credentials are sent, and redirects followed on request") {
            serving({
                onRequest { request ->
                    if (request.path == "/") HttpResponse.redirect("/end") else null
                }
                onConnect { send("${request.path} ${request.basicCredentials}") }
            }) { url ->
                val user = arrayOf("--user", "ada:pw:1")
                val run = connect(InputStream.nullInputStream(), url, "--location", *user)
                run.output.decodeToString() shouldBe "/end ada:***\n"
                connect(InputStream.nullInputStream(), url).errors shouldContain
                    "maxRedirects would let the client follow the redirect to /end"
            }
            shouldThrow<BadParameterValue> {
                ConnectCommand().parse(listOf("--user", "ada", "ws://localhost/"))
            }
        }

        test(
            "a connection that the server ends is made again, and lines that wait are sent on it",
        ) {
            val connections = AtomicInteger()
            serving({
                onConnect {
                    if (connections.incrementAndGet() == 1) deny(503)
                    for (message in incoming) send(message)
                }
            }) { url ->
                val run = connect("hello\n".byteInputStream(), url, "--reconnect")
                run.output.decodeToString() shouldBe "hello\n"
                run.errors shouldContain "state: connecting, attempt 1\n"
                run.errors shouldContain "state: waiting for "
                run.errors shouldContain "state: open: WebSocket to "
                run.errors shouldContain "closed\n"
                run.exitCode shouldBe 0
            }
        }

        test("a failure that does not pass ends --reconnect with exit code 1") {
            serving({ onConnect { deny(403) } }) { url ->
                val run = connect(InputStream.nullInputStream(), url, "--reconnect")
                run.errors shouldContain "failed: ${url.removePrefix("ws://").removeSuffix("/")}"
                run.exitCode shouldBe 1
            }
        }

        test("subprotocols, header fields and options reach the server") {
            serving({
                subprotocols = listOf("b")
                allowedOrigins = listOf("http://o")
                onConnect {
                    accept()
                    val field = request.headers["X-A"]
                    send("$subprotocol ${request.subprotocols} $field ${request.origin}")
                }
            }) { url ->
                val more = "--protocol a --protocol b --header X-A:1 --option origin=http://o"
                val input = PipedInputStream(PipedOutputStream())
                val run = connect(input, url, *more.split(' ').toTypedArray())
                run.output.decodeToString() shouldBe "b [a, b] 1 http://o\n"
            }
        }

        test("what is no WebSocket URL is a usage error") {
            shouldThrow<BadParameterValue> { ConnectCommand().parse(listOf("http://localhost/")) }
        }
    })

private val COMPRESSED = Regex("compressed to: \\d+\\.\\d % of what was sent, \\d+\\.\\d % of")

private class Run(val output: ByteArray, val errors: String, val exitCode: Int)

private suspend fun connect(
    input: InputStream,
    vararg arguments: String,
    isTerminal: Boolean = false,
): Run {
    val output = ByteArrayOutputStream()
    val errors = ByteArrayOutputStream()
    val command = ConnectCommand(Console(input, output, errors, isTerminal))
    val exitCode = withContext(Dispatchers.IO) {
        try {
            command.parse(arguments.toList())
            0
        } catch (result: ProgramResult) {
            result.statusCode
        }
    }
    return Run(output.toByteArray(), errors.toString(Charsets.UTF_8), exitCode)
}

private suspend fun serving(
    configure: WebSocketServerOptions.() -> Unit,
    test: suspend (url: String) -> Unit,
) = webSocketServer(configure = configure).use { test("ws://localhost:${it.port}/") }
