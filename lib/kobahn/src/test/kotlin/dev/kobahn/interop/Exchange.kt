package dev.kobahn.interop

import dev.kobahn.ClientWebSocket
import dev.kobahn.Message
import dev.kobahn.ServerWebSocket
import dev.kobahn.WebSocketClient
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.WebSocketServer
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.tls.TlsClientOptions
import dev.kobahn.tls.TlsServerOptions
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.assertions.withClue
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import kotlin.time.Duration
import kotlinx.coroutines.channels.Channel

/** Sizes on both sides of each boundary of a frame's length, and one of several TLS records. */
private val SIZES = listOf(0, 1, 125, 126, 65535, 65536, 1 shl 20)

/** Messages of every length form, text and binary. */
internal fun messagesOfEachLength(): List<Message> = SIZES.flatMap { size ->
    val bytes = ByteArray(size) { (it * 31).toByte() }
    listOf(Message.Binary(bytes), Message.Text("é".repeat(size / 2)))
}

/** Text and binary of every length form, a Ping, and a clean end, with a server that echoes. */
internal suspend fun ClientWebSocket.exchange() {
    for (message in messagesOfEachLength()) {
        send(message)
        incoming.receive() shouldBe message
    }
    ping() shouldBeGreaterThan Duration.ZERO
    close().wasClean shouldBe true
}

/** A client that trusts the authority of the tests. */
internal fun trustingClient(
    tls: TlsClientOptions.() -> Unit = {},
    configure: WebSocketClientOptions.() -> Unit = {},
): WebSocketClient = webSocketClient {
    tls {
        trust(PemFiles.authority)
        tls()
    }
    configure()
}

/** Our server, which echoes; and the connections that it has had, each once it is closed. */
internal class EchoServer(configure: WebSocketServerOptions.() -> Unit) {
    private val ended = Channel<ServerWebSocket>(Channel.UNLIMITED)

    /** The server. */
    val server: WebSocketServer = webSocketServer {
        host = "127.0.0.1"
        configure()
        onConnect {
            try {
                for (message in incoming) send(message)
                awaitClosed()
            } finally {
                ended.trySend(this)
            }
        }
    }

    /** Waits for the next connection to end. */
    suspend fun nextEnded(): ServerWebSocket = ended.receive()

    companion object {
        /** Runs [block] with a server for `wss`. */
        suspend fun secure(
            tls: TlsServerOptions.() -> Unit = {},
            configure: WebSocketServerOptions.() -> Unit = {},
            block: suspend EchoServer.(port: Int) -> Unit,
        ) = run({
            tls {
                certificate(PemFiles.server.certificate, PemFiles.server.key)
                tls()
            }
            configure()
        }, block)

        /** Runs [block] with a server for `ws`, or as [configure] says. */
        suspend fun run(
            configure: WebSocketServerOptions.() -> Unit = {},
            block: suspend EchoServer.(port: Int) -> Unit,
        ) = EchoServer(configure).run { server.use { block(it.port) } }
    }
}

/** Lets clients prove their identity by a certificate of the authority of the tests. */
internal fun TlsServerOptions.needClients() {
    trust(PemFiles.authority)
    clientCertificates = TlsServerOptions.ClientCertificates.NEED
}

/** The subject of the peer's certificate, or null if it has sent none. */
internal val ServerWebSocket.clientName: String?
    get() = transportDetails.tls?.peerCertificate?.subjectX500Principal?.name

/** Fails unless the end was clean. */
internal fun ServerWebSocket.shouldHaveEndedCleanly() =
    withClue(closeStatus) { closeStatus?.wasClean shouldBe true }
