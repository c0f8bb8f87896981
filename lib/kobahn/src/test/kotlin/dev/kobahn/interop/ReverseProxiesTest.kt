package dev.kobahn.interop

import dev.kobahn.ClientWebSocket
import dev.kobahn.ConnectionClosedException
import dev.kobahn.Message
import dev.kobahn.RawPeer
import dev.kobahn.ServerWebSocket
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.interop.Front.Upstream
import dev.kobahn.protocol.handshake.ForwardedField
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import java.net.InetSocketAddress
import javax.net.ssl.SNIHostName
import javax.net.ssl.SSLSocket
import kotlinx.coroutines.channels.ClosedReceiveChannelException

/** nginx, HAProxy and Caddy end the TLS of clients in front of our server. */
class ReverseProxiesTest :
    FunSpec({
        for (kind in Front.Kind.entries) {
            for (version in listOf("TLSv1.2", "TLSv1.3")) {
                val name = version.replace("v", " ")
                interop(kind.peer, Role.REVERSE_PROXY, "ends $name: $EXCHANGE") {
                    EchoServer.run { backend ->
                        val front = Front(kind, backend, protocol = version)
                        front.start().listening(front.port) { port ->
                            connect(port) {
                                transportDetails.tls?.protocol shouldBe version
                                exchange()
                            }
                        }
                    }
                }
            }

            for (upstream in kind.upstreams) {
                interop(kind.peer, Role.REVERSE_PROXY, "${upstream.title}: $ADDRESS") {
                    EchoServer.run({ behind(upstream) }) { backend ->
                        val front = Front(kind, backend, upstream)
                        front.start().listening(front.port) { port ->
                            connect(port) { exchange() }
                            nextEnded().shouldHaveEndedCleanly()
                            closeFrom(CLIENT, port)
                            nextEnded().checkClient(upstream)
                        }
                    }
                }
            }

            interop(kind.peer, Role.REVERSE_PROXY, "reload with connections open") {
                text = reloaded(kind, limitsReload = false)
            }

            if (kind != Front.Kind.CADDY) {
                interop(kind.peer, Role.REVERSE_PROXY, "reload with a time limit of a second") {
                    text = reloaded(kind, limitsReload = true)
                }
            }
        }
    })

private const val EXCHANGE = "exchange"
private const val ADDRESS = "the client's address, exchange"

/** An address of this machine other than that of the proxies. */
private const val CLIENT = "127.0.0.7"

private suspend fun connect(port: Int, block: suspend ClientWebSocket.() -> Unit) =
    trustingClient().connect("wss://localhost:$port/") { block() }

/** Sets a server up for a proxy that speaks [upstream] to it. */
private fun WebSocketServerOptions.behind(upstream: Upstream) {
    when (upstream) {
        Upstream.X_FORWARDED_FOR, Upstream.TLS -> trustXForwardedFor = 1

        Upstream.FORWARDED -> {
            trustXForwardedFor = 1
            forwardedField = ForwardedField.FORWARDED
        }

        else -> proxyProtocolFrom = listOf("127.0.0.1")
    }
    if (upstream in listOf(Upstream.TLS, Upstream.PROXY_V2_TLS)) {
        tls {
            certificate(PemFiles.server.certificate, PemFiles.server.key)
            if (upstream == Upstream.PROXY_V2_TLS) needClients()
        }
    }
}

private fun ServerWebSocket.checkClient(upstream: Upstream) {
    request.remoteAddress shouldBe CLIENT
    val isHeader = upstream in listOf(Upstream.X_FORWARDED_FOR, Upstream.FORWARDED, Upstream.TLS)
    transportDetails.remoteAddress shouldBe if (isHeader) "127.0.0.1" else CLIENT
    if (upstream == Upstream.PROXY_V2_TLS) clientName shouldBe "CN=a client"
    shouldHaveEndedCleanly()
}

/** A short connection from [address] that has nothing of ours. */
private fun closeFrom(address: String, port: Int) {
    val socket = ClientTrust.context.socketFactory.createSocket() as SSLSocket
    socket.bind(InetSocketAddress(address, 0))
    socket.connect(InetSocketAddress("127.0.0.1", port))
    socket.sslParameters = socket.sslParameters.apply {
        serverNames = listOf(SNIHostName("localhost"))
    }
    RawPeer(socket).use { peer ->
        peer.handshake() shouldStartWith "HTTP/1.1 101 "
        peer.send(RawPeer.text("hello")).readFrame() shouldBe "text hello"
        peer.send(RawPeer.CLOSE).readFrame() shouldBe "close 1000"
    }
}

/** Reloads a proxy while a connection is open, and tells what becomes of it. */
private suspend fun reloaded(kind: Front.Kind, limitsReload: Boolean): String {
    var result = ""
    EchoServer.run { backend ->
        val front = Front(kind, backend, limitsReload = limitsReload)
        val program = front.start()
        program.listening(front.port) { port ->
            connect(port) {
                send("before")
                incoming.receive() shouldBe Message.Text("before")
                front.copy(generation = 2).reload(program)
                connectUntil(generation = "2", port)
                result = "new connections succeed, " + fate(limitsReload)
            }
        }
    }
    return result
}

/** Connects again and again until the proxy has its new configuration; each time it must succeed. */
private suspend fun EchoServer.connectUntil(generation: String, port: Int) {
    do {
        connect(port) {
            send("new")
            incoming.receive() shouldBe Message.Text("new")
            close().wasClean shouldBe true
        }
    } while (nextEnded().request.headers["X-Generation"] != generation)
}

/** Whether this connection goes on, or how it has ended. */
private suspend fun ClientWebSocket.fate(waits: Boolean): String {
    if (waits) return end()
    return try {
        send("after")
        incoming.receive() shouldBe Message.Text("after")
        close().wasClean shouldBe true
        "open ones go on"
    } catch (_: ConnectionClosedException) {
        end()
    } catch (_: ClosedReceiveChannelException) {
        end()
    }
}

/** The end of this connection. Caddy's own Close has either of two codes from run to run. */
private suspend fun ClientWebSocket.end(): String {
    val status = awaitClosed()
    println("Ended by a reload: $status")
    return "open ones end with " + if (status.code in CADDY_CODES) "1001 or 1002" else status.code
}

private val CADDY_CODES = listOf(1001, 1002)
