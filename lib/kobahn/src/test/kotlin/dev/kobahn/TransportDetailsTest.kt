package dev.kobahn

import dev.kobahn.TransportDetails.ChannelType
import dev.kobahn.autobahn.toJson
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.CompletableDeferred

class TransportDetailsTest :
    FunSpec({
        test("each end knows the transport from its side") {
            val atServer = CompletableDeferred<TransportDetails>()
            webSocketServer {
                host = "127.0.0.1"
                onConnect { atServer.complete(transportDetails) }
            }.use { server ->
                webSocketClient().connect("ws://127.0.0.1:${server.port}/") {
                    val there = atServer.await()
                    transportDetails.peer shouldBe "tcp4:127.0.0.1:${server.port}"
                    there.own shouldBe transportDetails.peer
                    there.peer shouldBe transportDetails.own
                    there.isServer.shouldBeTrue()
                    transportDetails.isServer.shouldBeFalse()
                    for (details in listOf(there, transportDetails)) {
                        details.channelType shouldBe ChannelType.TCP
                        details.isSecure.shouldBeFalse()
                    }
                }
            }
        }

        test("a proxy does not change who is at the other end of the transport") {
            val details = CompletableDeferred<TransportDetails>()
            webSocketServer {
                host = "127.0.0.1"
                trustXForwardedFor = 1
                onConnect {
                    request.peer shouldBe "203.0.113.9"
                    details.complete(transportDetails)
                }
            }.use { server ->
                val there = java.net.Socket("127.0.0.1", server.port)
                RawPeer(there).use { it.handshake("/", "X-Forwarded-For: 203.0.113.9") }
                details.await().peer shouldStartWith "tcp4:127.0.0.1:"
            }
        }

        test("details are equal by their fields and show themselves as JSON") {
            fun details(peer: String = "tcp4:1.2.3.4:5", type: ChannelType = ChannelType.TCP) =
                TransportDetails(type, "unix:\"x", peer, isServer = true, isSecure = false)
            details() shouldBe details()
            details().hashCode() shouldBe details().hashCode()
            details() shouldNotBe details(peer = "tcp4:1.2.3.4:6")
            details() shouldNotBe details(type = ChannelType.UNIX)
            details().toString() shouldBe details().toJson()
            details().toJson() shouldBe
                """{"channel_type": "tcp", "own": "unix:\"x", "peer": "tcp4:1.2.3.4:5", """ +
                """"is_server": true, "is_secure": false}"""
        }

        test("the kinds of channel have Autobahn's names where it knows them") {
            ChannelType.values().map { it.name.lowercase() }
                .shouldContainExactlyInAnyOrder("tcp", "tls", "unix", "memory")
        }
    })
