package dev.kobahn

import dev.kobahn.autobahn.masking
import dev.kobahn.internal.client.RealWebSocketClient
import dev.kobahn.internal.server.serverContext
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.handshake.headersOf
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job

/** That what is set has its effect; what may be set is told by [WebSocketOptionsTest]. */
class OptionEffectTest :
    FunSpec({
        test("a server's options reach its connections") {
            val options = WebSocketServerOptions()
            options.changeShared()
            options.maskServerFrames = true
            options.requireMaskedClientFrames = false
            options.dropTimeout = 8.seconds
            options.memoryBudget = 11
            options.shouldReachConnections(Role.SERVER)
            val protocol = options.connectionConfig().protocol
            protocol.maskOutgoing shouldBe true
            protocol.requireMasked shouldBe false
            options.connectionConfig().dropTimeout shouldBe 8.seconds
            serverBudget(options) shouldBe 11
            serverBudget(WebSocketServerOptions().apply { memoryBudget = 0 }) shouldBe null
            options.allowedOrigins = listOf("https://a.example:443")
            options.allowNullOrigin = true
            options.versions = listOf(13)
            options.externalPort = 443
            with(options.handshake(isProxied = true)) {
                allowedOrigins.patterns shouldBe listOf("https://a.example:443")
                allowedOrigins.allowNullOrigin shouldBe true
                versions shouldBe listOf(13)
                externalPort shouldBe 443
            }
        }

        test("a client's options reach its connections") {
            val options = WebSocketClientOptions()
            options.changeShared()
            options.maskClientFrames = false
            options.acceptMaskedServerFrames = true
            options.dropTimeout = Duration.ZERO
            options.memoryBudget = 11
            options.shouldReachConnections(Role.CLIENT)
            val protocol = options.connectionConfig().protocol
            protocol.maskOutgoing shouldBe false
            protocol.acceptMasked shouldBe true
            options.connectionConfig().dropTimeout shouldBe Duration.ZERO
            RealWebSocketClient(options, null).budget?.limit shouldBe 11
        }

        test("X-Forwarded-For says who asks, if as many proxies as trusted wrote it") {
            askedBy(
                trusted = listOf("127.0.0.0/8", "::1"),
                "X-Forwarded-For: 203.0.113.9, 10.0.0.1",
            ) shouldBe
                "203.0.113.9"
            askedBy(
                trusted = listOf("127.0.0.0/8", "::1"),
                "X-Forwarded-For: 10.0.0.1",
            ) shouldContain
                "tcp"
            askedBy(
                trusted = listOf("192.0.2.0/24"),
                "X-Forwarded-For: 203.0.113.9, 10.0.0.1",
            ) shouldContain
                "tcp"
        }

        test("a server names itself and adds its headers to the answer") {
            webSocketServer {
                server = "Test"
                headers = headersOf("X-Node" to "7")
                onConnect { accept() }
            }.use { server ->
                RawPeer(server.port).use {
                    val head = it.handshake()
                    head shouldContain "\r\nServer: Test\r\n"
                    head shouldContain "\r\nX-Node: 7\r\n"
                }
            }
        }

        test("a message longer than autoFragmentSize leaves in frames of that size") {
            webSocketServer {
                autoFragmentSize = 2
                onConnect { send("hello") }
            }.use { server ->
                RawPeer(server.port).use {
                    it.handshake()
                    it.readHex(11) shouldBe "0102" + "6865" + "0002" + "6c6c" + "8001" + "6f"
                }
            }
        }

        test("a server told to mask and not to ask for masks does so") {
            webSocketServer {
                masking(maskServerFrames = true, requireMaskedClientFrames = false)
                onConnect { for (message in incoming) send(message) }
            }.use { server ->
                RawPeer(server.port).use {
                    it.handshake()
                    it.sendHex("81 05 48 65 6c 6c 6f" + "81 01 61")
                    it.readHex(2) shouldBe "8185"
                    it.readHex(9)
                    it.readFrame() shouldBe "text a"
                }
            }
        }

        test("a server answers the versions it does not speak with those it does") {
            webSocketServer {
                versions = listOf(8)
                onConnect { }
            }.use { server ->
                RawPeer(server.port).use {
                    val head = it.handshake()
                    head shouldStartWith "HTTP/1.1 426 "
                    head shouldContain "\r\nSec-WebSocket-Version: 8\r\n"
                }
            }
        }
    })

private fun WebSocketOptions.changeShared() {
    maxMessagePayloadSize = 1
    maxFramePayloadSize = 2
    maxIncomingQueueSize = 3
    maxOutgoingQueueSize = 4
    autoFragmentSize = 5
    closeHandshakeTimeout = 6.seconds
    writeTimeout = 10.seconds
    utf8validateIncoming = false
    applyMask = false
    failByDrop = true
    echoCloseCodeReason = true
}

private fun WebSocketOptions.shouldReachConnections(role: Role) {
    with(connectionConfig()) {
        protocol.role shouldBe role
        protocol.maxMessagePayloadSize shouldBe 1
        protocol.maxFramePayloadSize shouldBe 2
        protocol.utf8validateIncoming shouldBe false
        protocol.applyMask shouldBe false
        protocol.echoCloseCodeReason shouldBe true
        maxIncomingQueueSize shouldBe 3
        maxOutgoingQueueSize shouldBe 4
        autoFragmentSize shouldBe 5
        closeHandshakeTimeout shouldBe 6.seconds
        writeTimeout shouldBe 10.seconds
        failByDrop shouldBe true
    }
}

private fun serverBudget(options: WebSocketServerOptions) =
    serverContext(options, CoroutineScope(Job())).budget?.limit

/** Who a server behind two proxies takes the client for. */
private suspend fun askedBy(trusted: List<String>, header: String): String {
    val peer = CompletableDeferred<String>()
    return webSocketServer {
        trustXForwardedFor = 2
        trustedProxies = trusted
        onConnect { peer.complete(request.peer) }
    }.use { server ->
        RawPeer(server.port).use { it.handshake("/", header) }
        peer.await()
    }
}
