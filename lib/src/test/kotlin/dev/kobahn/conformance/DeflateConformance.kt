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

/** Runs our client and our server with a peer, each through one combination of parameters. */
internal class DeflateConformance(
    private val combination: Combination,
    private val shapes: List<Shape>,
    private val messages: Int,
    private val configureClient: WebSocketClientOptions.() -> Unit =
        { combination.configure(this) },
    private val configureServer: WebSocketServerOptions.() -> Unit =
        { combination.configure(this) },
    private val report: (Row) -> Unit = {},
) {
    /** We are in [role], the peer in the other one. Every failure says where it happened. */
    suspend fun run(library: DeflateLibrary, role: OurRole) {
        if (!library.isInstalled) {
            println(
                "Skipped: ${library.name.lowercase()} is not installed, see src/test/resources/deflate",
            )
            throw TestAbortedException("${library.name.lowercase()} is not installed")
        }
        withClue("${library.name.lowercase()}, our ${role.name.lowercase()}, ${combination.case}") {
            if (role == OurRole.CLIENT) asClient(library) else asServer(library)
        }
    }

    private suspend fun asClient(library: DeflateLibrary) {
        val frames = FrameCount()
        library.listen(combination).use { peer ->
            val client = webSocketClient {
                configureClient()
                log(frames)
            }
            val isHintRepeated = library.repeatsHint
            client.connect(peer.url) { echoAll(library, OurRole.CLIENT, frames, isHintRepeated) }
        }
    }

    private suspend fun asServer(library: DeflateLibrary) {
        val frames = FrameCount()
        val connected = CompletableDeferred<WebSocket>()
        webSocketServer {
            configureServer()
            log(frames)
            onConnect {
                accept()
                connected.complete(this)
                awaitClosed()
            }
        }.use { server ->
            library.connect(server.port, combination).use {
                val webSocket = withTimeout(CONNECTING) { connected.await() }
                webSocket.echoAll(library, OurRole.SERVER, frames, isHintRepeated = false)
            }
        }
    }

    private suspend fun WebSocket.echoAll(
        library: DeflateLibrary,
        role: OurRole,
        frames: FrameCount,
        isHintRepeated: Boolean,
    ) {
        val wanted = combination.agreement
        val agreement = if (isHintRepeated) wanted.copy(clientNoContextTakeover = true) else wanted
        val run = EchoRun(this, frames, agreement)
        run.checkAgreement()
        for (shape in shapes) {
            withClue(shape) {
                val (stats, millis) = run.echo(shape, messages)
                report(Row(library, role, combination, shape, messages, millis, stats))
            }
        }
        withClue("the closing") { close().wasClean shouldBe true }
    }

    private fun WebSocketOptions.log(frames: FrameCount) {
        logFrames = true
        wireLog = frames
    }

    private companion object {
        val CONNECTING = 30.seconds
    }
}
