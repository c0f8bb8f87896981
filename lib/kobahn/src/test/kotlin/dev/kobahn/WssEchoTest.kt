package dev.kobahn

import dev.kobahn.internal.transport.tls.Certificates
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class WssEchoTest :
    FunSpec({
        test("messages go both ways over TLS, and the end is clean") {
            val server = webSocketServer {
                host = "127.0.0.1"
                tls { identity(Certificates.server) }
                onConnect { for (message in incoming) send(message) }
            }
            server.use {
                val client = webSocketClient { tls { trust(Certificates.trusting()) } }
                val webSocket = client.connect("wss://localhost:${server.port}/")
                webSocket.send("hello")
                (webSocket.incoming.receive() as Message.Text).text shouldBe "hello"
                val status = webSocket.close()
                status.wasClean shouldBe true
            }
        }
    })
