package dev.kobahn.samples

import com.github.ajalt.clikt.core.BadParameterValue
import com.github.ajalt.clikt.core.CliktError
import com.github.ajalt.clikt.core.ProgramResult
import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.core.parse
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.use
import dev.kobahn.webSocketServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.InputStream
import java.io.PipedInputStream
import java.io.PipedOutputStream
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.nio.file.Files
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
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

        test("--proxy goes through a proxy, which gets the credentials of its URL") {
            serving({ echo() }) { url ->
                val port = url.removeSuffix("/").substringAfterLast(':').toInt()
                connectProxy("200 OK", port) { proxy, head ->
                    val run = connect(
                        "hello\n".byteInputStream(),
                        "ws://target.invalid/",
                        "--proxy",
                        "http://user:secret@127.0.0.1:$proxy",
                    )
                    run.output.decodeToString() shouldBe "hello\n"
                    run.exitCode shouldBe 0
                    head() shouldStartWith "CONNECT target.invalid:80 HTTP/1.1\r\n"
                    head() shouldContain "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n"
                }
            }
        }

        test("a proxy that refuses gives exit code 1 and its status, without the password") {
            connectProxy("403 No", port = 0) { proxy, _ ->
                val run = connect(
                    InputStream.nullInputStream(),
                    "ws://target.invalid/",
                    "--proxy",
                    "http://user:secret@127.0.0.1:$proxy",
                )
                run.errors shouldStartWith "failed: http://127.0.0.1:$proxy opens no tunnel to " +
                    "target.invalid:80: answered 403 No"
                run.errors shouldNotContain "secret"
                run.exitCode shouldBe 1
            }
        }

        test("--unix connects to the file of a socket, with the path and query of the URL") {
            val path = Files.createTempDirectory("kobahn").resolve("echo.sock")
            webSocketServer {
                listenUnix("$path")
                onConnect { send(request.path + " " + request.params) }
            }.use {
                val run = connect(
                    InputStream.nullInputStream(),
                    "ws://localhost/chat%20room?a=1",
                    "--unix",
                    "$path",
                )
                run.output.decodeToString() shouldBe "/chat%20room {a=[1]}\n"
            }
            Files.delete(path.parent)
        }

        test("what is no proxy's URL is a usage error") {
            shouldThrow<BadParameterValue> {
                ConnectCommand().parse(listOf("ws://localhost/", "--proxy", "ftp://proxy"))
            }
        }

        test("a server of TLS is trusted by --ca or --insecure, and not without one of them") {
            val identity = SelfSigned.make("localhost")
            val authority = SelfSigned.save(identity).path
            serving({
                tls { identity(identity) }
                echo()
            }) { url ->
                val secure = url.replace("ws:", "wss:")
                for (more in listOf(listOf("--ca", authority), listOf("--insecure"))) {
                    val run = connect("hello\n".byteInputStream(), secure, *more.toTypedArray())
                    run.output.decodeToString() shouldBe "hello\n"
                    run.exitCode shouldBe 0
                }
                val run = connect("hello\n".byteInputStream(), secure)
                run.errors shouldContain "no trusted authority"
                run.exitCode shouldBe 1
            }
        }

        test("a key without its certificate is a usage error, and a file of no use is named") {
            val file = SelfSigned.save(SelfSigned.make("localhost")).path
            shouldThrow<UsageError> {
                ConnectCommand().parse(listOf("wss://localhost/", "--cert", file))
            }
            shouldThrow<CliktError> {
                ConnectCommand().parse(listOf("wss://localhost/", "--cert", file, "--key", file))
            }.message shouldBe "$file: has no PRIVATE KEY, only [CERTIFICATE]"
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

/**
 * Runs [test] with a proxy that answers every CONNECT with [status], and connects to the local [port]
 * if that is a success. The second argument returns the head of the last request.
 */
private suspend fun connectProxy(
    status: String,
    port: Int,
    test: suspend (proxy: Int, head: () -> String) -> Unit,
) = ServerSocket(0, 1, InetAddress.getByName("127.0.0.1")).use { listening ->
    val head = StringBuffer()
    thread(isDaemon = true) {
        try {
            listening.accept().use { client ->
                while (!head.endsWith(
                        "\r\n\r\n",
                    )
                ) {
                    head.append(client.getInputStream().read().toChar())
                }
                client.getOutputStream().write("HTTP/1.1 $status\r\n\r\n".toByteArray())
                if (port == 0) return@thread
                Socket("localhost", port).use { server ->
                    val back = thread(isDaemon = true) { copy(server, client) }
                    copy(client, server)
                    back.join()
                }
            }
        } catch (_: IOException) {
            // The test has ended.
        }
    }
    test(listening.localPort) { "$head" }
}

private fun copy(from: Socket, to: Socket) {
    try {
        from.getInputStream().copyTo(to.getOutputStream())
        to.shutdownOutput()
    } catch (_: IOException) {
        from.close()
    }
}

private suspend fun serving(
    configure: WebSocketServerOptions.() -> Unit,
    test: suspend (url: String) -> Unit,
) = webSocketServer(configure = configure).use { test("ws://localhost:${it.port}/") }
