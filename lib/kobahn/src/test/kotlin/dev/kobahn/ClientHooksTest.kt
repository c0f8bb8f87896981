package dev.kobahn

import dev.kobahn.autobahn.masking
import dev.kobahn.protocol.handshake.ConnectingRequest
import dev.kobahn.protocol.handshake.headersOf
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield

/** `onConnecting` and `onConnect` of a client, by what leaves it. */
class ClientHooksTest :
    FunSpec({
        test("onConnecting says all that is asked for, and what it leaves empty stays empty") {
            against({ peer ->
                peer.readHead().withoutKey() shouldBe
                    """
                    GET /other HTTP/1.1
                    Host: elsewhere.example
                    Upgrade: websocket
                    Connection: Upgrade
                    Pragma: no-cache
                    Cache-Control: no-cache
                    X-Token: 1
                    Sec-WebSocket-Protocol: z
                    Sec-WebSocket-Version: 13
                    """.trimIndent()
                peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            }) { url ->
                val client = webSocketClient {
                    headers = headersOf("X-Usual" to "1")
                    origin = "https://a.example"
                    subprotocols = listOf("a")
                    onConnecting {
                        ConnectingRequest(
                            host = "elsewhere.example",
                            resource = "/other",
                            headers = headersOf("X-Token" to "1"),
                            subprotocols = listOf("z"),
                        )
                    }
                }
                shouldThrow<HandshakeException> { client.connect(url) }.status shouldBe 403
            }
        }

        test("onConnecting gets the transport and the usual request, which null sends") {
            lateinit var seen: Pair<TransportDetails, ConnectingRequest>
            against({ peer ->
                val head = peer.readHead()
                head shouldContain "User-Agent: test\r\n"
                head shouldContain "X-Usual: 1\r\n"
                peer.end()
            }) { url ->
                val client = webSocketClient {
                    userAgent = "test"
                    headers = headersOf("X-Usual" to "1")
                    onConnecting { details ->
                        seen = details to this
                        null
                    }
                }
                shouldThrow<HandshakeException> { client.connect(url + "x?y=1") }
                seen.first.peer shouldContain url.removeSuffix("/").substringAfterLast(':')
                seen.first.isServer.shouldBeFalse()
                seen.second.resource shouldBe "/x?y=1"
                seen.second.userAgent shouldBe "test"
            }
        }

        test("onConnecting may add to the usual request") {
            against({ peer ->
                val head = peer.readHead()
                head shouldContain "User-Agent: Kobahn\r\n"
                head shouldContain "X-Usual: 1\r\nX-Token: secret\r\n"
                peer.end()
            }) { url ->
                val client = webSocketClient {
                    headers = headersOf("X-Usual" to "1")
                    onConnecting {
                        yield()
                        plus(headersOf("X-Token" to "secret"))
                    }
                }
                shouldThrow<HandshakeException> { client.connect(url) }
            }
        }

        test("the subprotocol is compared with what was sent") {
            fun client() = webSocketClient {
                subprotocols = listOf("usual")
                onConnecting { ConnectingRequest(subprotocols = listOf("asked")) }
            }
            against({ peer ->
                peer.open(ByteArray(0), "Sec-WebSocket-Protocol: asked")
                peer.readFrame() shouldBe "close 1000"
            }) { url -> client().connect(url) { subprotocol } shouldBe "asked" }
            against({ peer ->
                peer.open(ByteArray(0), "Sec-WebSocket-Protocol: usual")
            }) { url -> shouldThrow<HandshakeException> { client().connect(url) } }
        }

        test("openHandshakeTimeout covers onConnecting, and nothing was sent") {
            against({ it.readAll() shouldBe "" }) { url ->
                val client = webSocketClient {
                    openHandshakeTimeout = 100.milliseconds
                    onConnecting { awaitCancellation() }
                }
                shouldThrow<HandshakeException> { client.connect(url) }.status.shouldBeNull()
            }
        }

        test("an exception of onConnecting ends the transport and comes out of connect") {
            against({ it.readAll() shouldBe "" }) { url ->
                val client = webSocketClient { onConnecting { error("no token") } }
                shouldThrow<IllegalStateException> { client.connect(url) }
                    .message shouldBe "no token"
            }
            against({ it.readAll() shouldBe "" }) { url ->
                val client = webSocketClient { onConnecting { error("no token") } }
                shouldThrow<IllegalStateException> { client.connect(url) {} }
                    .message shouldBe "no token"
            }
        }

        test("a time limit of a hook's own comes out of connect as it is") {
            against({ it.readAll() shouldBe "" }) { url ->
                val client = webSocketClient {
                    onConnecting { withTimeout(1.milliseconds) { awaitCancellation() } }
                }
                shouldThrow<TimeoutCancellationException> { client.connect(url) }
            }
        }

        test("onConnect ends before the block begins, and frames wait for the block") {
            val order = ArrayList<String>()
            against({ peer ->
                peer.open("8105".hexToByteArray() + "early".encodeToByteArray())
                peer.readFrame() shouldBe "text done"
                peer.sendHex("88 02 03E8")
                peer.readFrame() shouldBe "close 1000"
            }) { url ->
                val client = webSocketClient {
                    onConnect { response ->
                        order += "onConnect ${response.status}"
                        repeat(100) { yield() }
                        order += "connected"
                    }
                }
                client.connect(url) {
                    order += "block"
                    order += "${incoming.receive()}"
                    send("done")
                    awaitClosed()
                }
            }
            order.shouldContainExactly("onConnect 101", "connected", "block", "early")
        }

        test("an exception of onConnect closes with 1000 and its message") {
            for (withBlock in listOf(true, false)) {
                against({ peer ->
                    peer.open()
                    peer.readHex(2) shouldBe "888c"
                    peer.readHex(4)
                    peer.readHex(12) shouldBe
                        "03e8" + "not for us".encodeToByteArray().toHexString()
                    peer.sendHex("88 02 03E8")
                }) { url ->
                    val client = webSocketClient {
                        masking(applyMask = false)
                        onConnect { error("not for us") }
                    }
                    shouldThrow<IllegalStateException> {
                        if (withBlock) {
                            client.connect(url) {
                                error("begun")
                            }
                        } else {
                            client.connect(url)
                        }
                    }.message shouldBe "not for us"
                    client.job.children.count() shouldBe 0
                }
            }
        }

        test("with failByDrop an exception of onConnect drops the connection") {
            against({ peer ->
                peer.open()
                peer.readFrame() shouldBe "end"
            }) { url ->
                val client = webSocketClient {
                    failByDrop = true
                    onConnect { error("not for us") }
                }
                shouldThrow<IllegalStateException> { client.connect(url) }
            }
        }

        test("the hooks are fixed once the client is made") {
            lateinit var kept: WebSocketClientOptions
            webSocketClient { kept = this }
            shouldThrow<IllegalStateException> { kept.onConnecting { null } }
            shouldThrow<IllegalStateException> { kept.onConnect { } }
        }
    })

/** The lines of a head, without the one that is random. */
private fun String.withoutKey() =
    lines().filterNot { it.startsWith("Sec-WebSocket-Key: ") }.joinToString("\n") { it.trimEnd() }
