package dev.kobahn

import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.DelicateWebSocketApi
import dev.kobahn.protocol.FrameMask
import dev.kobahn.protocol.RawFrame
import dev.kobahn.protocol.frame.Opcode
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.io.IOException
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield

/** A client of ours that breaks the rules through the low-level door, and a server of ours. */
@OptIn(DelicateWebSocketApi::class)
class HostilePeerTest :
    FunSpec({
        timeout = 60_000
        val text = "text".encodeToByteArray()

        suspend fun served(
            configure: WebSocketServerOptions.() -> Unit = {},
            block: suspend ClientWebSocket.() -> Unit,
        ) = webSocketServer {
            onConnect { for (message in incoming) send(message) }
            configure()
        }.use { server ->
            val webSocket = webSocketClient().connect("ws://localhost:${server.port}")
            withTimeout(20.seconds) { webSocket.block() }
            webSocket.drop()
        }

        mapOf(
            "a reserved opcode" to RawFrame(3),
            "a reserved bit" to RawFrame(Opcode.TEXT, text, rsv = 4),
            "an unmasked frame" to RawFrame(Opcode.TEXT, text, mask = FrameMask.NONE),
            "a control frame in pieces" to RawFrame(Opcode.PING, fin = false),
            "a control frame that is too long" to RawFrame(Opcode.PING, text, payloadLength = 126),
            "a continuation of nothing" to RawFrame(Opcode.CONTINUATION, text),
            "a Close of one byte" to RawFrame(Opcode.CLOSE, byteArrayOf(3)),
        ).forEach { (name, frame) ->
            test("a server fails $name with 1002") {
                served {
                    lowLevel.sendFrame(frame)
                    awaitClosed().remote?.code shouldBe CloseCode.PROTOCOL_ERROR
                }
            }
        }

        test("a server fails text that is no UTF-8 with 1007") {
            served {
                lowLevel.sendFrame(RawFrame(Opcode.TEXT, byteArrayOf(-1)))
                awaitClosed().remote?.code shouldBe CloseCode.INVALID_FRAME_PAYLOAD_DATA
            }
        }

        test(
            "a server refuses a frame of a terabyte with 1009, and neither end needs memory for it",
        ) {
            served({ closeHandshakeTimeout = 1.seconds }) {
                val flood = RawFrame(Opcode.BINARY, text, payloadLength = 1L shl 40)
                runCatching { lowLevel.sendFrame(flood) }
                    .exceptionOrNull()!!::class shouldBe ConnectionClosedException::class
                awaitClosed().remote?.code shouldBe CloseCode.MESSAGE_TOO_BIG
            }
        }

        test("a server takes frames that come byte by byte") {
            served {
                lowLevel.sendFrame(RawFrame(Opcode.TEXT, text, fin = false), chopSize = 1)
                lowLevel.sendFrame(RawFrame(Opcode.PING, text), chopSize = 1)
                lowLevel.sendFrame(
                    RawFrame(Opcode.CONTINUATION, text, payloadLength = 200),
                    chopSize = 1,
                )
                send("whole")
                incoming.receive() shouldBe Message.Text("text".repeat(51))
                incoming.receive() shouldBe Message.Text("whole")
                close().wasClean shouldBe true
            }
        }

        test("a frame put together by hand is taken like any other, and a Close by hand as well") {
            served {
                lowLevel.sendData(RawPeer.text("by hand"), sync = true)
                bufferedAmount shouldBe 0
                incoming.receive() shouldBe Message.Text("by hand")
                lowLevel.sendFrame(RawFrame(Opcode.CLOSE, byteArrayOf(0x0B, 0xB8.toByte())))
                awaitClosed().remote?.code shouldBe CloseCode.NORMAL_CLOSURE
            }
        }

        for (ending in listOf("ends its direction", "resets the connection")) {
            test("a peer that $ending while nobody reads is found within two Pings") {
                webSocketServer {
                    autoPingInterval = 100.milliseconds
                    maxIncomingQueueSize = 1000
                    onConnect {
                        accept()
                        awaitClosed()
                    }
                }.use { server ->
                    RawPeer(server.port).use { peer ->
                        peer.handshake()
                        repeat(30) { peer.send(RawPeer.masked(0x82, ByteArray(10_000))) }
                        if (ending.startsWith("resets")) peer.socket.setSoLinger(true, 0)
                    }
                    withTimeout(20.seconds) { while (server.connectionCount > 0) yield() }
                }
            }
        }

        test("a peer that sends and never reads is ended after writeTimeout, at a plain echo") {
            webSocketServer {
                writeTimeout = 300.milliseconds
                onConnect { for (message in incoming) send(message) }
            }.use { server ->
                RawPeer(server.port).use { peer ->
                    peer.handshake()
                    val flooding = async(Dispatchers.IO) {
                        shouldThrow<IOException> {
                            while (true) peer.send(RawPeer.masked(0x82, ByteArray(60_000)))
                        }
                    }
                    withTimeout(20.seconds) { flooding.await() }
                    withTimeout(20.seconds) { while (server.connectionCount > 0) yield() }
                }
            }
        }

        test("a client fails what a server must not send") {
            mapOf(
                RawFrame(Opcode.TEXT, text, mask = FrameMask(1)) to CloseCode.PROTOCOL_ERROR,
                RawFrame(Opcode.TEXT, byteArrayOf(-1)) to CloseCode.INVALID_FRAME_PAYLOAD_DATA,
            ).forEach { (frame, code) ->
                served({ onConnect { lowLevel.sendFrame(frame).also { awaitClosed() } } }) {
                    awaitClosed().local?.code shouldBe code
                }
            }
        }
    })
