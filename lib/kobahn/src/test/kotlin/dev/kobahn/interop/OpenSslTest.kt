package dev.kobahn.interop

import dev.kobahn.HandshakeException
import dev.kobahn.RawPeer
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.tls.TlsException
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.io.File
import java.net.Socket
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.seconds

/** OpenSSL's own client and server, with a small WebSocket over them that is none of ours. */
class OpenSslTest :
    FunSpec({
        for ((flag, version) in VERSIONS) {
            interop(Peer.OPENSSL, Role.CLIENT, "s_client, $version: ALPN, frames, Ping, Close") {
                EchoServer.secure { port ->
                    client(port, "-$flag").use { it.exchange() }
                    val tls = nextEnded().transportDetails.tls
                    tls?.protocol shouldBe version.replace(" ", "v")
                    tls?.applicationProtocol shouldBe "http/1.1"
                }
            }

            interop(Peer.OPENSSL, Role.CLIENT, "s_client, $version: client certificate") {
                EchoServer.secure({ needClients() }) { port ->
                    client(port, "-$flag", *OWN_CERTIFICATE).use { it.exchange() }
                    nextEnded().clientName shouldBe "CN=a client"
                }
            }

            interop(Peer.OPENSSL, Role.CLIENT, "s_client, $version: no client certificate") {
                EchoServer.secure({ needClients() }) { port ->
                    client(port, "-$flag").use {
                        it.readAll()
                        it.awaitEnd() shouldNotBe 0
                        it.errorOutput shouldContain "alert"
                    }
                }
                text = "refused by an alert"
            }

            interop(Peer.OPENSSL, Role.CLIENT, "s_client, $version: session resumed") {
                EchoServer.secure(configure = { page() }) { port ->
                    val session = File.createTempFile("session", ".pem", workFolder())
                    page(port, "-$flag", "-sess_out", session) shouldContain "New, TLSv1"
                    page(port, "-$flag", "-sess_in", session) shouldContain "Reused, TLSv1"
                    session.delete()
                }
            }

            interop(Peer.OPENSSL, Role.SERVER, "s_server, $version: frames, Close") {
                server("-$flag") { port, program ->
                    connect(port, program) shouldBe version.replace(" ", "v")
                }
            }

            interop(Peer.OPENSSL, Role.SERVER, "s_server, $version: client certificate") {
                val asking = arrayOf("-Verify", "1", "-verify_return_error")
                server("-$flag", "-CAfile", PemFiles.authority, *asking) { port, program ->
                    connect(port, program, withCertificate = true)
                }
            }

            interop(Peer.OPENSSL, Role.SERVER, "s_server, $version: no client certificate") {
                val asking = arrayOf("-Verify", "1", "-verify_return_error")
                server("-$flag", "-CAfile", PemFiles.authority, *asking) { port, _ ->
                    val failure = shouldThrow<TlsException> {
                        trustingClient().connect("wss://localhost:$port/") { incoming.receive() }
                    }
                    failure.reason shouldBe TlsException.Reason.CLIENT_CERTIFICATE
                    failure.message shouldContain "the server wants a certificate of the client"
                }
                text = "TlsException, CLIENT_CERTIFICATE"
            }
        }

        interop(Peer.OPENSSL, Role.CLIENT, "s_client: SNI chooses the certificate") {
            val other = PemFiles.other
            EchoServer.secure({ certificate(other.certificate, other.key) }) { port ->
                client(port, name = "b.localhost").use { it.exchange() }
                nextEnded().transportDetails.tls?.serverName shouldBe "b.localhost"
                client(port, name = "localhost").use { it.exchange() }
            }
        }

        interop(Peer.OPENSSL, Role.CLIENT, "s_client: KeyUpdate, also with one asked of us") {
            EchoServer.secure { port ->
                client(port, "-tls1_3").use { program ->
                    val peer = program.peer()
                    peer.handshake() shouldStartWith "HTTP/1.1 101 "
                    for ((count, command) in listOf("K\n", "k\n", "K\n").withIndex()) {
                        peer.send(command)
                        eventually(10.seconds) {
                            program.errorOutput.split("KEYUPDATE").size shouldBe count + 2
                        }
                        peer.echo("after an update")
                    }
                }
            }
        }

        interop(Peer.OPENSSL, Role.CLIENT, "s_client: renegotiation in TLS 1.2") {
            EchoServer.secure { port ->
                client(port, "-tls1_2").use { program ->
                    val peer = program.peer()
                    peer.handshake() shouldStartWith "HTTP/1.1 101 "
                    peer.send("R\n")
                    peer.readFrame() shouldBe "end"
                }
                nextEnded().closeStatus?.code shouldBe 1006
            }
            text = "refused; the connection ends with 1006"
        }

        interop(Peer.OPENSSL, Role.CLIENT, "s_client: cut off without close_notify") {
            EchoServer.secure { port ->
                client(port).use { program ->
                    program.peer().handshake() shouldStartWith "HTTP/1.1 101 "
                    program.kill()
                }
                nextEnded().closeStatus?.code shouldBe 1006
            }
            text = "unclean end, 1006"
        }

        interop(Peer.OPENSSL, Role.SERVER, "s_server: SNI chooses the certificate") {
            val other = PemFiles.other
            val second = arrayOf<Any>(
                "-servername",
                "b.localhost",
                "-cert2",
                other.certificate,
                "-key2",
                other.key,
            )
            server(*second) { port, program -> connect(port, program, name = "b.localhost") }
        }

        interop(Peer.OPENSSL, Role.SERVER, "s_server -www: a server of web pages") {
            server("-www") { port, _ ->
                val failure = shouldThrow<HandshakeException> {
                    trustingClient().connect("wss://localhost:$port/")
                }
                failure.status shouldBe 200
            }
            text = "HandshakeException with status 200"
        }
    })

private val VERSIONS = mapOf("tls1_2" to "TLS 1.2", "tls1_3" to "TLS 1.3")

private val OWN_CERTIFICATE =
    arrayOf<Any>("-cert", PemFiles.client.certificate, "-key", PemFiles.client.key)

/** Starts `s_client`, which verifies our certificate for [name]. */
private fun client(port: Int, vararg flags: Any, name: String = "localhost"): Program =
    Program.start(
        *arrayOf<Any>("openssl", "s_client", "-brief", "-connect", "127.0.0.1:$port"),
        *arrayOf<Any>("-CAfile", PemFiles.authority, "-verify_return_error"),
        *arrayOf<Any>("-servername", name, "-verify_hostname", name, "-alpn", "h2,http/1.1"),
        *flags,
    )

private fun Program.exchange() = peer().exchange()

private fun WebSocketServerOptions.page() = onRequest { HttpResponse.text("a page") }

/** Gets a page, and returns it with all that OpenSSL tells of the session. */
private fun page(port: Int, vararg flags: Any): String = Program.start(
    *arrayOf<Any>("openssl", "s_client", "-ign_eof", "-connect", "127.0.0.1:$port"),
    *arrayOf<Any>("-CAfile", PemFiles.authority, "-servername", "localhost"),
    *flags,
).use {
    it.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    it.readAll()
}

/** Runs [block] with an `s_server` that listens. */
private suspend fun server(vararg flags: Any, block: suspend (port: Int, Program) -> Unit) {
    val port = ProcessWithConfig.freePort()
    val certificate = PemFiles.server
    Program.start(
        *arrayOf<Any>("openssl", "s_server", "-accept", "127.0.0.1:$port"),
        *arrayOf<Any>("-cert", certificate.certificate, "-key", certificate.key),
        *(if ("-www" in flags) emptyArray() else arrayOf("-quiet")),
        *flags,
    ).use { program ->
        // It serves one connection at a time, and goes on when a handshake fails.
        eventually(10.seconds) { Socket("127.0.0.1", port).close() }
        block(port, program)
    }
}

/** Connects our client to a WebSocket over the streams of [program]; returns the version of TLS. */
private suspend fun connect(
    port: Int,
    program: Program,
    name: String = "localhost",
    withCertificate: Boolean = false,
): String? {
    val served = thread { program.peer().serve() }
    val client = trustingClient(
        {
            serverName = name
            val own = PemFiles.client
            if (withCertificate) certificate(own.certificate, own.key)
        },
    )
    var version: String? = null
    client.connect("wss://127.0.0.1:$port/") {
        version = transportDetails.tls?.protocol
        exchangeWithRawPeer()
    }
    served.join()
    return version
}
