package dev.kobahn.tls

import dev.kobahn.ClientWebSocket
import dev.kobahn.Message
import dev.kobahn.WebSocketClient
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.WebSocketServer
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.internal.transport.tls.Certificates
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.matchers.shouldBe
import java.io.File
import java.net.Socket
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLSocket

/** Runs [test] with an echo server of TLS. */
internal suspend fun tlsServer(
    tls: TlsServerOptions.() -> Unit = { identity(Certificates.server) },
    options: WebSocketServerOptions.() -> Unit = {},
    test: suspend (WebSocketServer) -> Unit,
) {
    webSocketServer {
        host = "127.0.0.1"
        tls(tls)
        onConnect { for (message in incoming) send(message) }
        options()
    }.use { test(it) }
}

/** A client that trusts [Certificates.authority]. */
internal fun tlsClient(
    options: WebSocketClientOptions.() -> Unit = {},
    tls: TlsClientOptions.() -> Unit = {},
): WebSocketClient = webSocketClient {
    tls {
        trust(Certificates.trusting())
        tls()
    }
    options()
}

internal suspend fun WebSocketClient.connectTo(
    server: WebSocketServer,
    host: String = "localhost",
): ClientWebSocket = connect("wss://$host:${server.port}/")

internal suspend fun ClientWebSocket.echoes(text: String = "hello") {
    send(text)
    (incoming.receive() as Message.Text).text shouldBe text
}

/** A socket of the JDK's own TLS, which trusts [Certificates.authority]. Its handshake is not done. */
internal fun jdkSocket(
    port: Int,
    context: SSLContext = jdkContext(),
    configure: SSLSocket.() -> Unit = {},
): SSLSocket {
    val plain = Socket("127.0.0.1", port)
    plain.tcpNoDelay = true
    val socket = context.socketFactory.createSocket(plain, "localhost", port, true) as SSLSocket
    socket.soTimeout = 10_000
    return socket.apply(configure)
}

internal fun jdkContext(): SSLContext = Certificates.context()

/** A file with [text] that ends with the process. */
internal fun file(text: String, name: String = "kobahn"): File =
    File.createTempFile(name, ".pem").apply {
        deleteOnExit()
        writeText(text)
    }
