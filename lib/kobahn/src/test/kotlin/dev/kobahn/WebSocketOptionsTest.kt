package dev.kobahn

import dev.kobahn.autobahn.perMessageCompression
import dev.kobahn.autobahn.webStatus
import dev.kobahn.protocol.extension.PerMessageDeflate
import dev.kobahn.protocol.extension.PerMessageDeflateOffer
import dev.kobahn.protocol.handshake.HeadLimits
import dev.kobahn.protocol.handshake.Headers
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
                "writeTimeout is -1s, must be 0" to { writeTimeout = (-1).seconds },
                "dropTimeout is -1s, must be 0" to { dropTimeout = (-1).seconds },
                "memoryBudget is -1, must be 0" to { memoryBudget = -1 },
                "maxConnections is -1, must be 0" to { maxConnections = -1 },
                "maxLingeringHandlers is -1, must be 0" to { maxLingeringHandlers = -1 },
                "backlog is 0, must be 1" to { backlog = 0 },
                "receiveBufferSize is 0, must be 1 or more, or null" to { receiveBufferSize = 0 },
                "sendBufferSize is -1, must be 1 or more, or null" to { sendBufferSize = -1 },
                "port must be in 0..65535, but is 65536" to { listen(65536) },
                "the path of the Unix socket is empty" to { listenUnix("") },
                "a listener with a wss URL needs tls { }" to { listen("wss://localhost:9000") },
                "proxyProtocolFrom is [proxy], must be addresses, ranges such as 10.0.0.0/8, or" to
                    { proxyProtocolFrom = listOf("proxy") },
                "versions is [7], must be some of 8 and 13" to { versions = listOf(7) },
                "versions is [], must be some of 8 and 13" to { versions = emptyList() },
                "externalPort is 0, must be 1 to 65535, or null (any)" to { externalPort = 0 },
                "subprotocols is [a b], must be tokens, each once" to
                    { subprotocols = listOf("a b") },
                "subprotocols is [a, a], must be tokens, each once" to
                    { subprotocols = listOf("a", "a") },
                "server is a\nb, must be ISO-8859-1 without control" to { server = "a\nb" },
                "allowedOrigins is [https://a.example/], must be same-origin or origins such as" to
                    { allowedOrigins = listOf("https://a.example/") },
                "allowedOrigins is [*, ], must be same-origin" to
                    { allowedOrigins = listOf("*", "") },
                "allowedRedirects is [a], must be same-origin" to
                    { webStatus(listOf("a")) },
                "serverMaxWindowBits is 7, must be 8 to 15" to
                    { perMessageDeflate { serverMaxWindowBits = 7 } },
                "threshold is -1, must be 0" to { perMessageDeflate { threshold = -1 } },
                "perMessageCompressionAccept and perMessageDeflate exclude each other" to {
                    perMessageDeflate()
                    perMessageCompression { null }
                },
                "perMessageDeflate and perMessageCompressionAccept exclude each other" to {
                    perMessageCompression { null }
                    perMessageDeflate()
                },
                "must be without the fields of the opening handshake" to
                    { headers = headersOf("Sec-WebSocket-Accept" to "x") },
            )
            wrong.forEach { (message, set) ->
                test(message) {
                    shouldThrow<IllegalArgumentException> { WebSocketServerOptions().set() }
                        .message shouldContain message
                }
            }

            test("version is 9, must be 8 or 13") {
                shouldThrow<IllegalArgumentException> { WebSocketClientOptions().version = 9 }
                    .message shouldBe "version is 9, must be 8 or 13"
            }
        }

        context("a client's value out of range is refused as well") {
            val offers = listOf(PerMessageDeflateOffer())
            val wrong = mapOf<String, WebSocketClientOptions.() -> Unit>(
                "memLevel is 10, must be 1 to 9" to { perMessageDeflate { memLevel = 10 } },
                "perMessageDeflate and perMessageCompressionOffers exclude each other" to {
                    perMessageCompression(offers)
                    perMessageDeflate()
                },
                "perMessageCompressionAccept and perMessageDeflate exclude each other" to {
                    perMessageDeflate()
                    perMessageCompression(emptyList()) { null }
                },
                "perMessageCompressionOffers and perMessageDeflate exclude each other" to {
                    perMessageDeflate()
                    perMessageCompression(offers)
                },
                "subprotocols is [], must be" to { subprotocols = listOf("") },
                "userAgent is \u20ac, must be ISO-8859-1 without" to { userAgent = "\u20ac" },
                "origin is a\r\nb, must be ISO-8859-1 without" to { origin = "a\r\nb" },
            )
            wrong.forEach { (message, set) ->
                test(message.filter { it >= ' ' }) {
                    shouldThrow<IllegalArgumentException> { WebSocketClientOptions().set() }
                        .message shouldContain message
                }
            }
        }

        test("a list that is changed after it was set changes no option") {
            val mine = mutableListOf("a")
            val options = WebSocketServerOptions().apply { subprotocols = mine }
            mine += "no token"
            options.subprotocols shouldBe listOf("a")
        }

        test("new options have the defaults that stand in their documentation") {
            for (options in listOf(WebSocketServerOptions(), WebSocketClientOptions())) {
                with(options) {
                    subprotocols shouldBe emptyList()
                    headers shouldBe Headers.EMPTY
                    maxMessagePayloadSize shouldBe (16 shl 20)
                    maxFramePayloadSize shouldBe 0
                    maxIncomingQueueSize shouldBe (256 shl 10)
                    maxOutgoingQueueSize shouldBe (256 shl 10)
                    autoFragmentSize shouldBe 0
                    utf8validateIncoming shouldBe true
                    applyMask shouldBe true
                    failByDrop shouldBe false
                    echoCloseCodeReason shouldBe false
                    closeHandshakeTimeout shouldBe 10.seconds
                    dropTimeout shouldBe 1.seconds
                    writeTimeout shouldBe 60.seconds
                    autoPingInterval shouldBe 30.seconds
                    autoPingTimeout shouldBe 20.seconds
                    autoPingSize shouldBe 12
                    autoPingRestartOnAnyTraffic shouldBe true
                    perMessageDeflate shouldBe null
                }
            }
            with(WebSocketServerOptions()) {
                openHandshakeTimeout shouldBe 5.seconds
                tcpNoDelay shouldBe true
                headLimits shouldBe HeadLimits.DEFAULT
                memoryBudget shouldBe Runtime.getRuntime().maxMemory() / 4
                host shouldBe "localhost"
                port shouldBe 0
                backlog shouldBe 511
                server shouldBe "Kobahn"
                versions shouldBe listOf(8, 13)
                externalPort shouldBe null
                allowedOrigins shouldBe listOf("same-origin")
                allowNullOrigin shouldBe false
                maxConnections shouldBe 0
                maxLingeringHandlers shouldBe 10_000
                trustXForwardedFor shouldBe 0
                trustedProxies.first() shouldBe "127.0.0.0/8"
                requireMaskedClientFrames shouldBe true
                maskServerFrames shouldBe false
                statusPage shouldBe null
                allowedRedirects shouldBe emptyList()
                flashSocketPolicy shouldBe null
                handlerDispatcher shouldBe null
                perMessageCompressionAccept shouldBe null
                extensions shouldBe emptyList()
            }
            with(WebSocketClientOptions()) {
                openHandshakeTimeout shouldBe 5.seconds
                tcpNoDelay shouldBe true
                headLimits shouldBe HeadLimits.DEFAULT
                memoryBudget shouldBe Runtime.getRuntime().maxMemory() / 4
                origin shouldBe null
                userAgent shouldBe "Kobahn"
                version shouldBe 13
                acceptMaskedServerFrames shouldBe false
                maskClientFrames shouldBe true
                perMessageCompressionOffers shouldBe emptyList()
                perMessageCompressionAccept shouldBe null
                extensions shouldBe emptyList()
            }
        }

        test("compression is only on once it is set, and a second block adds to the first") {
            val options = WebSocketClientOptions()
            options.perMessageDeflate()
            options.perMessageDeflate shouldBe PerMessageDeflate {
                serverNoContextTakeover = false
                clientNoContextTakeover = false
                serverMaxWindowBits = 15
                clientMaxWindowBits = 15
                compressionLevel = -1
                memLevel = 5
                threshold = 64
                maxInflateRatio = 256
                maxMessageSize = 0
            }
            options.perMessageDeflate {
                serverNoContextTakeover = true
                clientNoContextTakeover = true
                serverMaxWindowBits = 9
            }
            options.perMessageDeflate {
                clientMaxWindowBits = 10
                compressionLevel = 1
                memLevel = 2
                threshold = 3
                maxInflateRatio = 4
                maxMessageSize = 5
                serverMaxWindowBits shouldBe 9
            }
            options.perMessageDeflate shouldBe PerMessageDeflate {
                serverNoContextTakeover = true
                clientNoContextTakeover = true
                serverMaxWindowBits = 9
                clientMaxWindowBits = 10
                compressionLevel = 1
                memLevel = 2
                threshold = 3
                maxInflateRatio = 4
                maxMessageSize = 5
            }
            options.perMessageDeflate = null
            options.perMessageCompression(listOf(PerMessageDeflateOffer()))
        }

        test("options are fixed once the server has started") {
            lateinit var kept: WebSocketServerOptions
            webSocketServer { kept = this }.use {
                shouldThrow<IllegalStateException> { kept.port = 1 }
                    .message shouldBe "port cannot be changed any more"
                shouldThrow<IllegalStateException> { kept.onConnect { } }
                shouldThrow<IllegalStateException> { kept.onRequest { null } }
                shouldThrow<IllegalStateException> { kept.perMessageDeflate() }
                    .message shouldBe "perMessageDeflate cannot be changed any more"
                shouldThrow<IllegalStateException> { kept.route("/") { } }
            }
        }

        test("options of a client are fixed from the beginning") {
            lateinit var kept: WebSocketClientOptions
            webSocketClient { kept = this }
            shouldThrow<IllegalStateException> { kept.origin = "x" }
        }
    })
