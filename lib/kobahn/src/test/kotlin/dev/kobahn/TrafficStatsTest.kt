package dev.kobahn

import dev.kobahn.autobahn.toJson
import dev.kobahn.autobahn.toMap
import dev.kobahn.internal.connection.ConnectionRig
import dev.kobahn.internal.connection.send
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.bothRoles
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

class TrafficStatsTest :
    FunSpec({
        bothRoles("every byte of an open connection counts at wire level, payload at the others") {
            val rig = ConnectionRig(role)
            rig.begin { send(MessageType.TEXT, "hello".encodeToByteArray()) }
            rig.begin { send(MessageType.BINARY, ByteArray(200)) }
            rig.begin { ping() }
            rig.receive(rig.peer.text("hi"), rig.peer.ping("p"), rig.peer.frame(0x01, ByteArray(3)))
            val own = if (role == Role.CLIENT) 4L else 0L
            val peers = 4L - own
            with(rig.connection.trafficStats) {
                outgoingBytesWireLevel shouldBe
                    (2 + own + 5) + (4 + own + 200) + (2 + own + 8) + (2 + own + 1)
                outgoingBytesWebSocketLevel shouldBe 205
                outgoingBytesAppLevel shouldBe 205
                outgoingWebSocketFrames shouldBe 2
                outgoingWebSocketMessages shouldBe 2
                incomingBytesWireLevel shouldBe
                    (2 + peers + 2) + (2 + peers + 1) + (2 + peers + 3)
                incomingBytesWebSocketLevel shouldBe 5
                incomingBytesAppLevel shouldBe 5
                incomingWebSocketFrames shouldBe 2
                incomingWebSocketMessages shouldBe 1
            }
        }

        bothRoles("both Close frames count, and nothing that comes after ours") {
            val rig = ConnectionRig(role)
            rig.begin { close(1000, "") }
            rig.receive(rig.peer.text("late"), rig.peer.close(1000))
            val own = if (role == Role.CLIENT) 4L else 0L
            with(rig.connection.trafficStats) {
                outgoingBytesWireLevel shouldBe 4 + own
                incomingBytesWireLevel shouldBe 0
                incomingWebSocketMessages shouldBe 0
            }
            val other = ConnectionRig(role)
            other.receive(other.peer.close(1000))
            with(other.connection.trafficStats) {
                outgoingBytesWireLevel shouldBe 4 + own
                incomingBytesWireLevel shouldBe 8 - own
            }
        }

        bothRoles("resetting begins anew from nothing, and leaves alone what was read before") {
            val rig = ConnectionRig(role)
            rig.receive(rig.peer.text("one"))
            val before = rig.connection.trafficStats
            rig.connection.resetTrafficStats()
            rig.connection.trafficStats.toMap().values.toSet() shouldBe setOf(0L, null)
            rig.receive(rig.peer.text("three"))
            with(rig.connection.trafficStats) {
                incomingBytesAppLevel shouldBe 5
                incomingWebSocketMessages shouldBe 1
            }
            before.incomingBytesAppLevel shouldBe 3
        }

        test("the ratios are null where they would divide by nothing") {
            val rig = ConnectionRig(Role.SERVER)
            rig.receive(rig.peer.ping("only control frames"))
            with(rig.connection.trafficStats) {
                (incomingBytesWireLevel > 0) shouldBe true
                listOf(
                    outgoingCompressionRatio,
                    incomingCompressionRatio,
                    outgoingWebSocketOverhead,
                    incomingWebSocketOverhead,
                ) shouldBe listOf(null, null, null, null)
            }
        }

        test("the overhead is what the wire takes over and above each byte of payload") {
            val rig = ConnectionRig(Role.SERVER)
            rig.receive(rig.peer.text("four"))
            rig.begin { send(MessageType.TEXT, ByteArray(8)) }
            with(rig.connection.trafficStats) {
                incomingWebSocketOverhead shouldBe 1.5
                outgoingWebSocketOverhead shouldBe 0.25
                incomingCompressionRatio shouldBe 1.0
                toString() shouldBe toJson()
                toJson() shouldContain "\"outgoingOctetsWireLevel\": 10, "
                toJson() shouldContain "\"outgoingWebSocketOverhead\": 0.25, "
            }
        }

        test("the opening handshake counts apart, with what came in one read with its end") {
            val stats = CompletableDeferred<TrafficStats>()
            webSocketServer {
                onConnect {
                    statistics.traffic.outgoingBytesWireLevel shouldBe 0
                    for (message in incoming) {
                        send(message)
                        // Read from another thread than the loop that counts.
                        withContext(Dispatchers.IO) { stats.complete(statistics.traffic) }
                    }
                }
            }.use { server ->
                RawPeer(server.port).use {
                    val request = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n" +
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                    it.send(request.encodeToByteArray() + RawPeer.text("hello"))
                    val head = it.readHead()
                    it.readHex(7) shouldBe "810568656c6c6f"
                    with(stats.await()) {
                        preopenIncomingBytesWireLevel shouldBe request.length + 11
                        preopenOutgoingBytesWireLevel shouldBe head.length + 4
                        incomingBytesWireLevel shouldBe 0
                        outgoingBytesWireLevel shouldBe 7
                        incomingBytesAppLevel shouldBe 5
                        incomingWebSocketMessages shouldBe 1
                    }
                }
            }
        }

        test("the two ends of a connection agree") {
            val server = CompletableDeferred<TrafficStats>()
            webSocketServer {
                onConnect {
                    for (message in incoming) send(message)
                    server.complete(statistics.traffic)
                }
            }.use { running ->
                webSocketClient().connect("ws://localhost:${running.port}/") {
                    repeat(10) { send("message $it").also { incoming.receive() } }
                    close()
                    val there = server.await()
                    with(statistics.traffic) {
                        outgoingBytesWireLevel shouldBe there.incomingBytesWireLevel
                        outgoingWebSocketMessages shouldBe there.incomingWebSocketMessages
                        preopenOutgoingBytesWireLevel shouldBe there.preopenIncomingBytesWireLevel
                        preopenIncomingBytesWireLevel shouldBe there.preopenOutgoingBytesWireLevel
                        incomingBytesAppLevel shouldBe there.outgoingBytesAppLevel
                        incomingWebSocketFrames shouldBe 10
                    }
                }
            }
        }
    })
