package dev.kobahn

import dev.kobahn.protocol.handshake.headersOf
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlin.time.Duration.Companion.seconds

class WebSocketOptionsTest :
    FunSpec({
        context("a value out of range is refused when it is set, by name, value and range") {
            val wrong = mapOf<String, WebSocketServerOptions.() -> Unit>(
                "port is -1, must be 0 (any free one) to 65535" to { port = -1 },
                "port is 65536, must be 0 (any free one) to 65535" to { port = 65536 },
                "maxMessagePayloadSize is -1, must be 0" to { maxMessagePayloadSize = -1 },
                "maxFramePayloadSize is -1, must be 0" to { maxFramePayloadSize = -1 },
                "maxIncomingQueueSize is 0, must be 1" to { maxIncomingQueueSize = 0 },
                "maxOutgoingQueueSize is 0, must be 1" to { maxOutgoingQueueSize = 0 },
                "autoFragmentSize is -1, must be 0" to { autoFragmentSize = -1 },
                "openHandshakeTimeout is -1s, must be 0" to { openHandshakeTimeout = (-1).seconds },
                "closeHandshakeTimeout is -1s, must be 0" to
                    { closeHandshakeTimeout = (-1).seconds },
                "dropTimeout is -1s, must be 0" to { dropTimeout = (-1).seconds },
                "maxHeaders is 0, must be 1" to { maxHeaders = 0 },
                "maxHeadSize is 0, must be 1" to { maxHeadSize = 0 },
                "maxHeadLineLength is 0, must be 1" to { maxHeadLineLength = 0 },
                "maxConnections is -1, must be 0" to { maxConnections = -1 },
                "backlog is 0, must be 1" to { backlog = 0 },
                "must be without the fields of the opening handshake" to
                    { headers = headersOf("Sec-WebSocket-Accept" to "x") },
            )
            wrong.forEach { (message, set) ->
                test(message) {
                    shouldThrow<IllegalArgumentException> { WebSocketServerOptions().set() }
                        .message shouldContain message
                }
            }

            test("version is 9, must be 10 to 18") {
                shouldThrow<IllegalArgumentException> { WebSocketClientOptions().version = 9 }
                    .message shouldBe "version is 9, must be 10 to 18"
            }
        }

        test("options are fixed once the server has started") {
            lateinit var kept: WebSocketServerOptions
            webSocketServer { kept = this }.use {
                shouldThrow<IllegalStateException> { kept.port = 1 }
                    .message shouldBe "port cannot be changed any more"
                shouldThrow<IllegalStateException> { kept.onConnect { } }
                shouldThrow<IllegalStateException> { kept.onRequest { null } }
                shouldThrow<IllegalStateException> { kept.route("/") { } }
            }
        }

        test("options of a client are fixed from the beginning") {
            lateinit var kept: WebSocketClientOptions
            webSocketClient { kept = this }
            shouldThrow<IllegalStateException> { kept.origin = "x" }
        }
    })
