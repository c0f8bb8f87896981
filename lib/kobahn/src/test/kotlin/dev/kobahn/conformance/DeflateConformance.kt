package dev.kobahn.conformance

import dev.kobahn.WebSocket
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.WebSocketOptions
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.assertions.withClue
import io.kotest.engine.TestAbortedException
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.withTimeout

/**
 * A connection with a peer of [library]: we are in [role], the peer in the other one, and both have
 * the wishes of [combination].
 */
internal class DeflateConformance(
    private val library: DeflateLibrary,
    private val role: OurRole,
    private val combination: Combination,
    private val configureClient: WebSocketClientOptions.() -> Unit =
        { combination.configure(this) },
    private val configureServer: WebSocketServerOptions.() -> Unit =
        { combination.configure(this) },
) {
    private val name = library.name.lowercase()
    private val frames = FrameCount()

    /**
     * Has as many [messages] of each of [shapes] echoed as it says. Every failure says where it
     * happened.
     */
    suspend fun run(shapes: List<Shape>, messages: (Shape) -> Int, report: (Row) -> Unit = {}) {
        if (!library.isInstalled) {
            println("Skipped: $name is not installed, see src/test/resources/deflate")
            throw TestAbortedException("$name is not installed")
        }
        withClue("$name, our ${role.name.lowercase()}, ${combination.case}") {
            connected {
                val run = EchoRun(this, frames, combination)
                run.checkAgreement()
                for (shape in shapes) {
                    val (stats, millis) = withClue(shape) { run.echo(shape, messages(shape)) }
                    report(Row(library, role, combination, shape, messages(shape), millis, stats))
                }
                withClue("the closing") { close().wasClean shouldBe true }
            }
        }
    }

    private suspend fun connected(block: suspend WebSocket.() -> Unit) {
        if (role == OurRole.SERVER) return accepted(block)
        library.listen(combination).use { peer ->
            val client = webSocketClient {
                configureClient()
                log()
            }
            client.connect(peer.url) { block() }
        }
    }

    private suspend fun accepted(block: suspend WebSocket.() -> Unit) {
        val accepted = CompletableDeferred<WebSocket>()
        webSocketServer {
            configureServer()
            log()
            onConnect {
                accept()
                accepted.complete(this)
                awaitClosed()
            }
        }.use { server ->
            library.connect(server.port, combination).use {
                withTimeout(CONNECTING) { accepted.await() }.block()
            }
        }
    }

    private fun WebSocketOptions.log() {
        logFrames = true
        wireLog = frames
    }

    private companion object {
        val CONNECTING = 30.seconds
    }
}
