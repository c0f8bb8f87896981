package dev.kobahn.interop

import dev.kobahn.Message
import dev.kobahn.internal.transport.tls.Certificates
import dev.kobahn.protocol.handshake.AcceptKey
import dev.kobahn.tls.connectTo
import dev.kobahn.tls.echoes
import dev.kobahn.tls.file
import dev.kobahn.tls.tlsClient
import dev.kobahn.tls.tlsServer
import dev.kobahn.use
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.TestAbortedException
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.File
import java.io.InputStream
import java.io.OutputStream
import java.util.concurrent.TimeUnit

/** `openssl s_client` and `openssl s_server` at the other end. */
class OpenSslTest :
    FunSpec({
        timeout = 60_000
        val authority by lazy { file(Certificates.authority.certificatePEM).path }

        fun client(port: Int, vararg options: String) = OpenSsl(
            "s_client", "-connect", "127.0.0.1:$port", "-servername", "localhost",
            "-CAfile", authority, "-verify_return_error", *options,
        )

        for (version in listOf("tls1_2", "tls1_3")) {
            test("s_client opens a WebSocket, $version") {
                tlsServer { server ->
                    client(server.port, "-$version", "-alpn", "h2,http/1.1").use { peer ->
                        peer.send(REQUEST)
                        val output = peer.readUntil("\r\n\r\n")
                        output shouldContain "ALPN protocol: http/1.1"
                        output shouldContain "Verify return code: 0 (ok)"
                        output shouldContain "HTTP/1.1 101"
                        peer.send(HELLO)
                        peer.readUntil("hello")
                    }
                }
            }

            test("a session is resumed by s_client, $version") {
                tlsServer { server ->
                    val session = File.createTempFile("kobahn", ".session").apply { deleteOnExit() }
                    for ((option, answer) in listOf(
                        "-sess_out" to "New, ",
                        "-sess_in" to "Reused, ",
                    )) {
                        client(server.port, "-$version", option, session.path).use { peer ->
                            peer.send(REQUEST)
                            peer.readUntil("HTTP/1.1 101") shouldContain answer
                            peer.send(HELLO)
                            peer.readUntil("hello")
                        }
                    }
                }
            }
        }

        test("key updates of s_client, asked for or not, are followed and answered") {
            tlsServer { server ->
                client(server.port, "-tls1_3").use { peer ->
                    peer.send(REQUEST)
                    peer.readUntil("\r\n\r\n")
                    for (command in listOf("K\n", "k\n", "K\n")) {
                        peer.readUntilAfter(command, "KEYUPDATE")
                        peer.send(HELLO)
                        peer.readUntil("hello")
                    }
                }
            }
        }

        test("a renegotiation by s_client ends the connection") {
            tlsServer { server ->
                client(server.port, "-tls1_2").use { peer ->
                    peer.send(REQUEST)
                    peer.readUntil("\r\n\r\n")
                    peer.send("R\n".encodeToByteArray())
                    peer.readUntil("RENEGOTIATING")
                    peer.awaitEnd()
                }
            }
        }

        test("a client's certificate is verified and seen") {
            var seen: String? = null
            tlsServer({
                identity(Certificates.server)
                clientCertificates = dev.kobahn.tls.TlsServerOptions.ClientCertificates.NEED
                trust(Certificates.trusting())
            }, {
                onConnect {
                    seen = transportDetails.tls!!.peerCertificate!!.subjectX500Principal.name
                    for (message in incoming) send(message)
                }
            }) { server ->
                val bundle = Certificates.builder("CN=a client").addExtendedKeyUsageClientAuth()
                    .buildIssuedBy(Certificates.authority)
                client(
                    server.port,
                    "-cert",
                    file(bundle.certificatePathPEM).path,
                    "-key",
                    file(bundle.privateKeyPEM).path,
                ).use { peer ->
                    peer.send(REQUEST)
                    peer.readUntil("HTTP/1.1 101")
                    seen shouldBe "CN=a client"
                }
            }
        }

        for (version in listOf("tls1_2", "tls1_3")) {
            test("our client talks to s_server, $version, also after its key updates") {
                val bundle = Certificates.issue("localhost")
                val port = ProcessWithConfig.freePort()
                OpenSsl(
                    "s_server", "-accept", "127.0.0.1:$port", "-naccept", "1", "-$version",
                    "-cert", file(bundle.certificatePathPEM).path,
                    "-cert_chain", file(bundle.certificatePathPEM).path,
                    "-key", file(bundle.privateKeyPEM).path,
                ).use { peer ->
                    peer.readUntil("ACCEPT")
                    val connecting = kotlin.concurrent.thread {
                        val request = peer.readUntil("\r\n\r\n")
                        val key = request.substringAfter(
                            "Sec-WebSocket-Key: ",
                        ).substringBefore("\r")
                        peer.send(
                            (
                                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" +
                                    "Connection: Upgrade\r\n" +
                                    "Sec-WebSocket-Accept: ${AcceptKey.of(key)}\r\n\r\n"
                                ).encodeToByteArray(),
                        )
                        if (version == "tls1_3") peer.send("K\n".encodeToByteArray())
                        peer.send(byteArrayOf(0x81.toByte(), 2) + "ok".encodeToByteArray())
                    }
                    val webSocket = tlsClient().connect("wss://localhost:$port/")
                    webSocket.incoming.receive() shouldBe Message.Text("ok")
                    connecting.join()
                    webSocket.drop()
                }
            }
        }
    })

private val REQUEST = (
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encodeToByteArray()

/** A text message, masked with zeros. */
private val HELLO =
    byteArrayOf(0x81.toByte(), 0x85.toByte(), 0, 0, 0, 0) + "hello".encodeToByteArray()

/** A command of OpenSSL with its standard streams. */
private class OpenSsl(vararg arguments: String) : AutoCloseable {
    private val process: Process = try {
        ProcessBuilder("openssl", *arguments).redirectErrorStream(true).start()
    } catch (_: java.io.IOException) {
        println("Skipped: openssl is not installed")
        throw TestAbortedException("openssl is not installed")
    }
    private val input: OutputStream = process.outputStream
    private val output: InputStream = process.inputStream
    private val read = StringBuilder()

    fun send(bytes: ByteArray) {
        input.write(bytes)
        input.flush()
    }

    /** Returns the output since the last call, up to [text]. */
    fun readUntil(text: String): String {
        while (text !in read) {
            val byte = output.read()
            check(byte >= 0) { "no \"$text\" in: $read" }
            read.append(byte.toChar())
        }
        val end = read.indexOf(text) + text.length
        return read.substring(0, end).also { read.delete(0, end) }
    }

    /** Sends a command, which has to be read by itself, and awaits its answer. */
    fun readUntilAfter(command: String, text: String): String {
        send(command.encodeToByteArray())
        return readUntil(text)
    }

    fun awaitEnd() {
        output.readBytes()
        check(process.waitFor(10, TimeUnit.SECONDS)) { "openssl goes on" }
    }

    override fun close() {
        process.destroyForcibly().waitFor()
    }
}
