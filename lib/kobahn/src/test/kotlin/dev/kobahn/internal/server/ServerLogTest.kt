package dev.kobahn.internal.server

import dev.kobahn.RawPeer
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.capturedLog
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.webSocketServer
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.awaitCancellation
import org.slf4j.LoggerFactory

private const val DEBUG = 10

/** Returns the lines that the logger of refusals logs at DEBUG during [block]. */
internal suspend fun refusals(block: suspend () -> Unit): List<String> {
    val logger = LoggerFactory.getLogger("dev.kobahn.server")
    val level = logger.javaClass.getDeclaredField("currentLogLevel").apply { isAccessible = true }
    val before = level.getInt(logger)
    level.setInt(logger, DEBUG)
    try {
        return capturedLog(block).lines().filter { "dev.kobahn.server" in it }
    } finally {
        level.setInt(logger, before)
    }
}

class ServerLogTest :
    FunSpec({
        suspend fun refusalsIn(
            configure: WebSocketServerOptions.() -> Unit,
            talk: suspend ServerRig.() -> Unit,
        ) = refusals { ServerRig(configure = configure).talk() }

        fun head(path: String = "/a", vararg fields: String) =
            ServerRig.REQUEST.replace("GET / ", "GET $path ").trimEnd() + "\r\n" +
                fields.joinToString("") { "$it\r\n" } + "\r\n"

        suspend fun theRefusal(
            configure: WebSocketServerOptions.() -> Unit,
            talk: suspend ServerRig.() -> Unit,
        ) = refusalsIn(configure, talk).also { it shouldHaveSize 1 }.single()

        test("a refused origin is one line that names the option to allow it") {
            val line = theRefusal({ onConnect { awaitCancellation() } }) {
                receive(head("/chat?token=secret", "Origin: https://b.example"))
            }
            line shouldContain "DEBUG dev.kobahn.server - refused memory:2 /chat with 403: "
            line shouldContain "allowedOrigins += \"https://b.example\""
            line shouldNotContain "secret"
        }

        test("a deny is one line with its reason") {
            theRefusal({ onConnect { deny(402, "Pay first") } }) { receive(head()) }
                .shouldContain("refused memory:2 /a with 402: Pay first")
        }

        test("a path without a handler is one line") {
            theRefusal({ route("/b") { onConnect {} } }) { receive(head()) }
                .shouldContain("refused memory:2 /a with 404: nothing is served at this path")
        }

        test("a wrong method is one line") {
            theRefusal({ onConnect {} }) { receive("POST /a HTTP/1.1\r\nHost: x\r\n\r\n") }
                .shouldContain("refused memory:2 /a with 405: ")
        }

        test("a request for a page that is not there is one line") {
            theRefusal({ onConnect {} }) { receive("GET /a HTTP/1.1\r\nHost: x\r\n\r\n") }
                .shouldContain("refused memory:2 /a with 426: ")
        }

        test("a malformed head is one line") {
            theRefusal({ onConnect {} }) { receive("nonsense\r\n\r\n") }
                .shouldContain("refused memory:2 with 400: ")
        }

        test("control characters of the peer are escaped") {
            val line = theRefusal({ onConnect { deny(402, request.headers["X-Who"]!!) } }) {
                receive(head("/a", "X-Who: you\u0085\u009b31m"))
            }
            line shouldContain " with 402: you"
            line.none { it.isISOControl() } shouldBe true
        }

        test("a client or a handler that is too slow is one line") {
            theRefusal({ onConnect { awaitCancellation() } }) { loop.advanceBy(5.seconds) }
                .shouldContain("refused memory:2 with 408: no request within 5s")
            theRefusal({ onConnect { awaitCancellation() } }) {
                receive(head())
                loop.advanceBy(5.seconds)
            } shouldContain "refused memory:2 /a with 503: the handler has not decided within 5s"
        }

        test("a refusal for too many lingering handlers is one line") {
            theRefusal({
                maxLingeringHandlers = 1
                onConnect {
                    accept()
                    awaitCancellation()
                }
            }) {
                repeat(2) { another().apply { receive(head()) }.vanish() }
                another().receive(head())
            } shouldContain "refused memory:2 /a with 503: more than maxLingeringHandlers"
        }

        test("a connection over maxConnections is one line, and so is one that a stop refuses") {
            val lines = refusals {
                val begun = CompletableDeferred<Unit>()
                val server = webSocketServer {
                    maxConnections = 1
                    onConnect {
                        begun.complete(Unit)
                        awaitCancellation()
                    }
                }
                server.start()
                RawPeer(server.port).use { first ->
                    first.send(head())
                    begun.await()
                    RawPeer(server.port).use { it.handshake() shouldStartWith "HTTP/1.1 503 " }
                    server.stop(deadline = 1.seconds)
                    first.readHead() shouldStartWith "HTTP/1.1 503 "
                }
            }
            lines shouldHaveSize 2
            lines[0] shouldContain "with 503: more than maxConnections (1)"
            lines[1] shouldContain " /a with 503: the server stops"
        }

        test("a key without Upgrade is one line that blames a proxy") {
            theRefusal({ onConnect { } }) {
                receive("GET /a HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: x\r\n\r\n")
            } shouldContain "with 426: there is no page, only a WebSocket; a proxy has taken the " +
                "Upgrade field from the request"
        }

        test("a page or an accepted WebSocket is no line") {
            refusalsIn({ onRequest { HttpResponse.html("page") } }) { receive(head()) } shouldBe
                emptyList()
            refusalsIn({ onConnect { accept() } }) { receive(head()) } shouldBe emptyList()
        }
    })
