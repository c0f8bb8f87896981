package dev.kobahn.interop

import dev.kobahn.HandshakeException
import dev.kobahn.tls.TlsException
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.net.Socket
import kotlin.time.Duration.Companion.seconds

/** WebSocket libraries and programs for Python and Node.js, over TLS. */
class WssLibrariesTest :
    FunSpec({
        for (library in CLIENTS) {
            for (version in VERSIONS) {
                val name = version.replace("v", " ")
                interop(library.peer, Role.CLIENT, "$name, client certificate: $EXCHANGE") {
                    EchoServer.secure({
                        protocols = listOf(version)
                        needClients()
                    }) { port ->
                        library.start(port).use {
                            it.readAll().trim() shouldBe "1000"
                            it.awaitEnd() shouldBe 0
                        }
                        nextEnded().run {
                            clientName shouldBe "CN=a client"
                            transportDetails.tls?.protocol shouldBe version
                            shouldHaveEndedCleanly()
                        }
                    }
                }
            }

            interop(library.peer, Role.CLIENT, "a certificate for another host") {
                val other = PemFiles.other
                EchoServer.run({ tls { certificate(other.certificate, other.key) } }) { port ->
                    library.start(port).use { (it.awaitEnd() == 0) shouldBe false }
                }
                text = "the client refuses it"
            }
        }

        for (library in SERVERS) {
            for (version in VERSIONS) {
                val name = version.replace("v", " ")
                interop(library.peer, Role.SERVER, "$name: $EXCHANGE") {
                    library.start().use { server ->
                        val client = trustingClient({ protocols = listOf(version) })
                        client.connect("wss://localhost:${server.readLine()}/") {
                            transportDetails.tls?.protocol shouldBe version
                            exchange()
                        }
                    }
                }

                interop(library.peer, Role.SERVER, "$name: client certificate") {
                    library.start(PemFiles.authority).use { server ->
                        val client = trustingClient({
                            protocols = listOf(version)
                            certificate(PemFiles.client.certificate, PemFiles.client.key)
                        })
                        client.connect("wss://localhost:${server.readLine()}/") { exchange() }
                    }
                }

                interop(library.peer, Role.SERVER, "$name: no client certificate") {
                    library.start(PemFiles.authority).use { server ->
                        val client = trustingClient({ protocols = listOf(version) })
                        val failure = shouldThrow<HandshakeException> {
                            client.connect("wss://localhost:${server.readLine()}/") {
                                incoming.receive()
                            }
                        }
                        text = "${failure::class.simpleName}, ${failure.kind}"
                    }
                }
            }

            interop(library.peer, Role.SERVER, "permessage-deflate over TLS") {
                library.start().use { server ->
                    trustingClient { perMessageDeflate { threshold = 0 } }
                        .connect("wss://localhost:${server.readLine()}/") {
                            extensions.map { it.name } shouldBe listOf("permessage-deflate")
                            exchange()
                        }
                }
            }
        }

        interop(Peer.WSCAT, Role.CLIENT, "TLS, client certificate: a message and its echo") {
            EchoServer.secure({ needClients() }) { port ->
                wscat(
                    *arrayOf<Any>("--connect", "wss://localhost:$port/", "--execute", "hello"),
                    *arrayOf<Any>("--ca", PemFiles.authority),
                    *arrayOf<Any>("--cert", PemFiles.client.certificate),
                    *arrayOf<Any>("--key", PemFiles.client.key),
                ).use {
                    it.readAll().trim() shouldBe "hello"
                    it.awaitEnd() shouldBe 0
                }
                nextEnded().shouldHaveEndedCleanly()
            }
        }

        interop(Peer.WSCAT, Role.SERVER, "--listen, which has no TLS: a message") {
            val port = ProcessWithConfig.freePort()
            wscat("--listen", port).use { program ->
                eventually(10.seconds) { Socket("localhost", port).close() }
                trustingClient().connect("ws://localhost:$port/") {
                    send("hello")
                    close().wasClean shouldBe true
                }
                eventually(10.seconds) { program.readLine().orEmpty() shouldContain "hello" }
            }
        }
    })

private const val EXCHANGE = "exchange"
private val VERSIONS = listOf("TLSv1.2", "TLSv1.3")

/** Whether the failure tells of the certificate, or which end it tells of. */
private val HandshakeException.kind: String
    get() = (this as? TlsException)?.reason?.name ?: "the transport ended"

/** A client in a script. */
private class ClientScript(val peer: Peer, vararg val command: String) {
    fun start(port: Int) = Program.start(
        *command,
        "wss://localhost:$port/",
        PemFiles.authority,
        PemFiles.client.certificate,
        PemFiles.client.key,
    )
}

private val CLIENTS = listOf(
    ClientScript(Peer.PYTHON_WEBSOCKETS, PYTHON, Program.script("websockets_client.py")),
    ClientScript(Peer.PYTHON_WEBSOCKET, PYTHON, Program.script("websocket_client.py")),
    ClientScript(Peer.NODE_WS, "node", Program.script("ws_client.js")),
)

/** A server in a script, which prints its port. */
private class ServerScript(val peer: Peer, vararg val command: String) {
    fun start(vararg authority: Any) =
        Program.start(*command, PemFiles.server.certificate, PemFiles.server.key, *authority)
}

private val SERVERS = listOf(
    ServerScript(Peer.PYTHON_WEBSOCKETS, PYTHON, Program.script("websockets_echo.py")),
    ServerScript(Peer.NODE_WS, "node", Program.script("ws_echo.js")),
)

private fun wscat(vararg arguments: Any) =
    Program.start("node", "$npmModules/wscat/bin/wscat", "--no-color", *arguments)
