package dev.kobahn

import dev.kobahn.autobahn.serveFlashSocketPolicy
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith

class FlashSocketPolicyTest :
    FunSpec({
        test("a policy file request is answered with the policy and its NUL, and no handler runs") {
            flash {}.use { server ->
                ask(server.port, REQUEST) shouldBe "<cross-domain-policy>" +
                    """<allow-access-from domain="*" to-ports="*"/></cross-domain-policy>""" +
                    "\u0000"
            }
        }

        test("the policy may be another, with or without its NUL, and the request in pieces") {
            for (policy in listOf("<ä/>", "<ä/>\u0000")) {
                flash { serveFlashSocketPolicy(policy) }.use { server ->
                    RawPeer(server.port).use { peer ->
                        REQUEST.forEach { peer.send(it.toString()) }
                        peer.readAll() shouldBe "<ä/>\u0000"
                    }
                }
            }
        }

        test("only the exact request is one") {
            flash {}.use { server ->
                for (other in listOf(
                    "<policy-file-request />\u0000",
                    " $REQUEST",
                    "GET $REQUEST",
                )) {
                    ask(server.port, other) shouldStartWith "HTTP/1.1 400 "
                }
                RawPeer(server.port).use {
                    it.send(REQUEST.dropLast(1)).end()
                    it.readAll() shouldBe ""
                }
            }
        }

        test("it is not answered unless the option says so, nor after a head") {
            webSocketServer { onConnect { } }.use { server ->
                ask(server.port, REQUEST) shouldStartWith "HTTP/1.1 400 "
            }
            flash {}.use { server ->
                ask(server.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n$REQUEST") shouldStartWith
                    "HTTP/1.1 426 "
                RawPeer(server.port).use { it.handshake() shouldStartWith "HTTP/1.1 500 " }
            }
        }
    })

private const val REQUEST = "<policy-file-request/>\u0000"

private fun flash(configure: WebSocketServerOptions.() -> Unit) = webSocketServer {
    serveFlashSocketPolicy()
    onConnect { error("a handler ran") }
    configure()
}

private fun ask(port: Int, text: String): String = RawPeer(port).use {
    it.send(text)
    it.readAll()
}
