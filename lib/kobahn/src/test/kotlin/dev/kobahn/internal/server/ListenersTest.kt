package dev.kobahn.internal.server

import dev.kobahn.Message
import dev.kobahn.TransportDetails
import dev.kobahn.WebSocketServer
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.internal.transport.EventLoopGroup
import dev.kobahn.internal.transport.SocketTransport
import dev.kobahn.internal.transport.tls.Certificates
import dev.kobahn.internal.transport.tls.identity
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import java.io.IOException
import java.net.BindException
import java.net.InetAddress
import java.net.ServerSocket
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout

internal fun echoing(configure: WebSocketServerOptions.() -> Unit) = webSocketServer {
    configure()
    onConnect { for (message in incoming) send(message) }
}

internal suspend fun echoes(url: WebSocketUrl): TransportDetails = withTimeout(20.seconds) {
    webSocketClient().connect(url) {
        send("hello")
        incoming.receive() shouldBe Message.Text("hello")
        transportDetails
    }
}

internal suspend fun echoes(url: String) = echoes(WebSocketUrl.parse(url))

private fun WebSocketServer.portOf(index: Int) = addresses[index].substringAfterLast(':').toInt()

class ListenersTest :
    FunSpec({
        timeout = 60_000

        test("a server listens at several ports and hosts") {
            echoing {
                listen(0)
                listen(0, "127.0.0.1")
                listen("ws://127.0.0.1:${freePort()}/ignored")
            }.use { server ->
                server.addresses.size shouldBe 3
                server.port shouldBe server.portOf(0)
                for (index in 0..2) echoes("ws://localhost:${server.portOf(index)}/")
            }
        }

        test("host and port count beside other listeners only if one of them is set") {
            echoing { listen(0, "127.0.0.1") }.use { it.addresses.size shouldBe 1 }
            echoing {
                host = "127.0.0.1"
                listen(0, "127.0.0.1")
            }.use { it.addresses.size shouldBe 2 }
            echoing {
                listen(0, "127.0.0.1")
                port = freePort()
            }.use { server -> echoes("ws://localhost:${server.port}/") }
        }

        test("if one place cannot be bound, none is") {
            ServerSocket(0, 1, InetAddress.getByName("127.0.0.1")).use { taken ->
                val free = freePort()
                shouldThrow<BindException> {
                    echoing {
                        listen(free, "127.0.0.1")
                        listen(taken.localPort, "127.0.0.1")
                    }.start()
                }.message shouldEndWith "127.0.0.1:${taken.localPort}"
                ServerSocket(free, 1, InetAddress.getByName("127.0.0.1")).close()
            }
        }

        test("a start that is cancelled frees the places that were bound before") {
            val ports = List(3) { freePort() }
            val lease = EventLoopGroup("listeners-test", 1).acquire()
            try {
                val options = WebSocketServerOptions()
                ports.forEach { options.listen(it, "127.0.0.1") }
                var count = 0
                launch(Dispatchers.Default) {
                    Listeners.bind(options, lease) {
                        if (++count == ports.size) cancel()
                        SocketTransport::close
                    }
                }.join()
                count shouldBe ports.size
                for (port in ports) {
                    ServerSocket(port, 1, InetAddress.getByName("127.0.0.1")).close()
                }
            } finally {
                lease.release()
            }
        }

        test("each listener has TLS of its own, that of the server, or none") {
            val other = Certificates.issue("other.example").identity()
            echoing {
                tls { identity(Certificates.server) }
                listen(0, "127.0.0.1")
                listen(0, "127.0.0.1") { plain() }
                listen(0, "127.0.0.1") { tls { identity(other) } }
                listen("wss://127.0.0.1:${freePort()}/")
                listen("ws://127.0.0.1:${freePort()}/")
            }.use { server ->
                val secure = webSocketClient { tls { trust(Certificates.trusting()) } }
                for (index in listOf(0, 3)) {
                    secure.connect("wss://localhost:${server.portOf(index)}/") {
                        transportDetails.isSecure shouldBe true
                    }
                }
                for (index in listOf(1, 4)) {
                    echoes("ws://localhost:${server.portOf(index)}/").isSecure shouldBe false
                }
                shouldThrow<IOException> {
                    secure.connect("wss://localhost:${server.portOf(2)}/")
                }.message shouldContain "localhost:${server.portOf(2)}"
            }
        }

        test("a stopped server has freed all of its ports") {
            val server = echoing {
                listen(0, "127.0.0.1")
                listen(0, "127.0.0.1")
            }
            server.use { }
            for (index in 0..1) {
                ServerSocket(server.portOf(index), 1, InetAddress.getByName("127.0.0.1")).close()
            }
        }

        test("with reusePort two servers listen on one port") {
            echoing { reusePort = true }.use { first ->
                echoing {
                    reusePort = true
                    port = first.port
                }.use { second ->
                    second.port shouldBe first.port
                    repeat(4) { echoes("ws://localhost:${first.port}/") }
                }
                shouldThrow<BindException> { echoing { port = first.port }.start() }
            }
        }

        test("keep-alive and buffer sizes reach the sockets of both roles") {
            webSocketServer {
                tcpKeepAlive = true
                receiveBufferSize = 64 * 1024
                sendBufferSize = 64 * 1024
                onConnect { for (message in incoming) send(message) }
            }.use { server ->
                webSocketClient {
                    tcpKeepAlive = true
                    receiveBufferSize = 64 * 1024
                    sendBufferSize = 64 * 1024
                }.connect("ws://localhost:${server.port}/") {
                    send("x".repeat(1_000_000))
                    incoming.receive() shouldBe Message.Text("x".repeat(1_000_000))
                }
            }
        }

        test("the zone of an address in a URL is read, and stays here") {
            val url = WebSocketUrl.create("::1%lo", 80)
            url.toString() shouldBe "ws://[::1%25lo]:80/"
            WebSocketUrl.parse(url.toString()) shouldBe url
            WebSocketUrl.parse("ws://[fe80::1%25Eth0]/").host shouldBe "fe80::1%Eth0"
            WebSocketUrl.parse("ws://[fe80::1%Eth0]/").host shouldBe "fe80::1%Eth0"
            url.hostHeader shouldBe "[::1]"
        }
    })

private fun freePort() = ServerSocket(0).use { it.localPort }
