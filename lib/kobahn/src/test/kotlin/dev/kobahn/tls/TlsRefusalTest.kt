package dev.kobahn.tls

import dev.kobahn.ConnectionClosedException
import dev.kobahn.HandshakeException
import dev.kobahn.RawPeer
import dev.kobahn.RawServer
import dev.kobahn.internal.server.refusals
import dev.kobahn.internal.transport.tls.Certificates
import dev.kobahn.internal.transport.tls.identity
import dev.kobahn.tls.TlsException.Reason
import dev.kobahn.tls.TlsServerOptions.ClientCertificates
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.net.ServerSocket
import java.time.Duration
import java.time.Instant
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.CompletableDeferred

/** Each way in which TLS fails ends soon, with an error that says what is wrong. */
class TlsRefusalTest :
    FunSpec({
        timeout = 20_000

        suspend fun refusal(
            server: TlsServerOptions.() -> Unit,
            host: String = "localhost",
            client: TlsClientOptions.() -> Unit = {},
        ): TlsException {
            lateinit var failure: TlsException
            tlsServer(server) {
                val begin = TimeSource.Monotonic.markNow()
                failure = shouldThrow<TlsException> { tlsClient({}, client).connectTo(it, host) }
                begin.elapsedNow().inWholeMilliseconds shouldBeLessThan 5000L
                failure.message shouldStartWith "$host:${it.port}: "
            }
            return failure
        }

        fun valid(from: Duration, until: Duration) = Certificates.issue("localhost") {
            val now = Instant.now()
            notBefore(now.plus(from)).notAfter(now.plus(until))
        }.identity()

        test("an expired certificate") {
            val expired = valid(Duration.ofDays(-3), Duration.ofDays(-1))
            refusal({ identity(expired) }).apply {
                reason shouldBe Reason.EXPIRED
                message shouldContain "has expired"
            }
        }

        test("a certificate that is not valid yet") {
            val early = valid(Duration.ofDays(1), Duration.ofDays(3))
            refusal({ identity(early) }).apply {
                reason shouldBe Reason.NOT_YET_VALID
                message shouldContain "not valid yet"
            }
        }

        test("a self-signed certificate") {
            val self = Certificates.selfSigned("localhost").identity()
            refusal({ identity(self) }).apply {
                reason shouldBe Reason.UNKNOWN_AUTHORITY
                message shouldContain "trust(file)"
            }
        }

        test("a certificate of an unknown authority") {
            val other = Certificates.issue("localhost", by = Certificates.stranger).identity()
            refusal({ identity(other) }).reason shouldBe Reason.UNKNOWN_AUTHORITY
        }

        test("a certificate for another host, by name and by address") {
            val other = Certificates.issue("other.example").identity()
            refusal({ identity(other) }).apply {
                reason shouldBe Reason.WRONG_HOST
                message shouldContain "not for localhost"
            }
            refusal({ identity(other) }, "127.0.0.1").reason shouldBe Reason.WRONG_HOST
        }

        for (version in listOf("TLSv1.3", "TLSv1.2")) {
            fun TlsServerOptions.needing() {
                identity(Certificates.server)
                protocols = listOf(version)
                clientCertificates = ClientCertificates.NEED
                trust(Certificates.trusting())
            }

            test("no certificate where the server needs one, $version") {
                refusal({ needing() }).apply {
                    reason shouldBe Reason.CLIENT_CERTIFICATE
                    message shouldContain "certificate(chain, key)"
                }
            }

            test("a client's certificate that the server does not trust, $version") {
                val stranger = Certificates.builder("CN=stranger").addExtendedKeyUsageClientAuth()
                    .buildIssuedBy(Certificates.stranger).identity()
                // A client does not send a certificate of an authority that the server has not named.
                refusal({ needing() }) { identity(stranger) }.reason shouldBe
                    Reason.CLIENT_CERTIFICATE
                val expired = Certificates.builder("CN=late").addExtendedKeyUsageClientAuth()
                    .notAfter(Instant.now().minusSeconds(1)).buildIssuedBy(Certificates.authority)
                refusal({ needing() }) { identity(expired.identity()) }.reason shouldBe
                    Reason.CLIENT_CERTIFICATE
            }
        }

        test("no version of TLS in common") {
            refusal({
                identity(Certificates.server)
                protocols = listOf("TLSv1.3")
            }) { protocols = listOf("TLSv1.2") }.reason shouldBe Reason.NOTHING_IN_COMMON
        }

        test("no cipher suite in common") {
            refusal({
                identity(Certificates.server)
                cipherSuites = listOf("TLS_AES_256_GCM_SHA384")
            }) { cipherSuites = listOf("TLS_AES_128_GCM_SHA256") }.reason shouldBe
                Reason.NOTHING_IN_COMMON
        }

        // Peers that speak something else.

        test("a server without TLS") {
            webSocketServer { onConnect {} }.use { server ->
                val failure = shouldThrow<TlsException> { tlsClient().connectTo(server) }
                failure.reason shouldBe Reason.NO_TLS
                failure.message shouldContain "use ws://"
            }
        }

        test("a server that answers a ClientHello in HTTP, or with an end") {
            for (answer in listOf("HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-x\r\n")) {
                scriptedServer(answer.encodeToByteArray()) { port ->
                    val failure = shouldThrow<TlsException> {
                        tlsClient().connect("wss://localhost:$port/")
                    }
                    failure.reason shouldBe Reason.NO_TLS
                    failure.message shouldContain "localhost:$port speaks no TLS on this port"
                }
            }
            scriptedServer(ByteArray(0)) { port ->
                val failure = shouldThrow<TlsException> {
                    tlsClient().connect("wss://localhost:$port/")
                }
                failure.reason shouldBe Reason.ENDED
            }
        }

        test("a plain WebSocket client on a port of TLS gets a 400 that names wss") {
            tlsServer { server ->
                val failure = shouldThrow<HandshakeException> {
                    webSocketClient().connect("ws://localhost:${server.port}/")
                }
                failure.status shouldBe 400
                failure.message shouldContain "wss"
                failure.bodyText shouldContain "wss://"
                RawPeer(server.port).use { peer ->
                    peer.send("G").readAll() shouldStartWith "HTTP/1.1 400 "
                }
            }
        }

        test("a client of TLS on a plain port gets an alert, and the log says why") {
            val log = refusals {
                webSocketServer { onConnect {} }.use { server ->
                    RawPeer(server.port).use { peer ->
                        peer.sendHex("16 03 01 00 05 01 00 00 01 00")
                        peer.readHex(7) shouldBe "1503030002020a"
                        peer.readFrame() shouldBe "end"
                    }
                }
            }
            log.joinToString() shouldContain "TLS on a port without it"
        }

        test("a plain client of a server that answers with a TLS alert is told to use wss") {
            scriptedServer(byteArrayOf(0x15, 3, 1, 0, 2, 2, 40)) { port ->
                shouldThrow<HandshakeException> {
                    webSocketClient().connect("ws://localhost:$port/")
                }.message shouldContain "wss"
            }
        }

        // Bytes that are no handshake.

        for ((name, bytes, answer) in listOf(
            Triple("garbage", "00 01 02", "1503030002020a"),
            Triple("a ClientHello of SSL 2", "80 2e 01 03 01", "15030300020246"),
            Triple(
                "a ClientHello that is too long",
                "16 03 01 00 04 01 01 00 00",
                "15030300020232",
            ),
            Triple(
                "a ClientHello that is cut off",
                "16 03 01 00 06 01 00 00 02 03 03",
                "15030300020232",
            ),
            Triple("a record of application data", "17 03 03 00 01 00", "1503030002020a"),
        )) {
            test("$name gets an alert and the end") {
                tlsServer { server ->
                    RawPeer(server.port).use { peer ->
                        peer.sendHex(bytes)
                        peer.readHex(7) shouldBe answer
                        peer.readFrame() shouldBe "end"
                    }
                }
            }
        }

        test("a handshake that stalls is cut off at the deadline, and the log says so") {
            val log = refusals {
                tlsServer(options = { openHandshakeTimeout = 200.milliseconds }) { server ->
                    for (hello in listOf("", "16 03 01 02 00 01")) {
                        RawPeer(server.port).use { peer ->
                            val begin = TimeSource.Monotonic.markNow()
                            peer.sendHex(hello)
                            peer.readFrame() shouldBe "end"
                            begin.elapsedNow().inWholeMilliseconds shouldBeLessThan 5000L
                        }
                    }
                }
            }
            log.joinToString() shouldContain "no TLS handshake within 200ms"
        }

        test("a refused client that stalls its handshake is cut off at the deadline too") {
            tlsServer(options = {
                openHandshakeTimeout = 300.milliseconds
                maxConnections = 1
            }) { server ->
                val kept = tlsClient().connectTo(server)
                RawPeer(server.port).use { it.readFrame() shouldBe "end" }
                kept.close()
            }
        }

        test(
            "a server that stalls fails connect at the deadline, with the step that took the time",
        ) {
            RawServer().use { server ->
                val client = tlsClient({ openHandshakeTimeout = 300.milliseconds })
                val failure = shouldThrow<HandshakeException> {
                    client.connect(server.url.replace("ws:", "wss:"))
                }
                failure.message shouldContain "TLS handshake was not done within 300ms"
            }
        }

        // The end.

        test("an end without close_notify and without a Close is unclean at both ends") {
            val status = CompletableDeferred<Boolean>()
            tlsServer(options = {
                onConnect {
                    try {
                        for (message in incoming) send(message)
                    } catch (_: ConnectionClosedException) {
                    }
                    status.complete(awaitClosed().wasClean)
                }
            }) { server ->
                val plain = java.net.Socket("localhost", server.port)
                val socket = jdkContext().socketFactory
                    .createSocket(plain, "localhost", server.port, false)
                RawPeer(socket).handshake() shouldStartWith "HTTP/1.1 101"
                plain.close()
                status.await() shouldBe false
            }
        }

        test("an end without close_notify after both Closes is clean") {
            val status = CompletableDeferred<Boolean>()
            tlsServer(options = {
                onConnect {
                    for (message in incoming) send(message)
                    status.complete(awaitClosed().wasClean)
                }
            }) { server ->
                val plain = java.net.Socket("localhost", server.port)
                val socket = jdkContext().socketFactory
                    .createSocket(plain, "localhost", server.port, false)
                val peer = RawPeer(socket)
                peer.handshake() shouldStartWith "HTTP/1.1 101"
                peer.sendHex("88 82 00000000 03e8")
                peer.readFrame() shouldBe "close 1000"
                plain.close()
                status.await() shouldBe true
            }
        }

        test("a server that stops ends the connections of TLS in time") {
            lateinit var kept: dev.kobahn.ClientWebSocket
            tlsServer { server ->
                kept = tlsClient().connectTo(server)
                RawPeer(server.port).sendHex("16 03 01")
                val begin = TimeSource.Monotonic.markNow()
                server.stop(deadline = 3.seconds)
                begin.elapsedNow().inWholeMilliseconds shouldBeLessThan 2900L
            }
            kept.awaitClosed().closeCode shouldBe 1001
        }
    })

private val dev.kobahn.CloseStatus.closeCode get() = remote?.code

/** Runs [test] with a server that sends [answer] to the first bytes of each client, and ends. */
private suspend fun scriptedServer(answer: ByteArray, test: suspend (port: Int) -> Unit) {
    ServerSocket(0).use { server ->
        thread(isDaemon = true) {
            while (true) {
                val socket = try {
                    server.accept()
                } catch (_: java.io.IOException) {
                    return@thread
                }
                socket.use {
                    it.getInputStream().read()
                    it.getOutputStream().write(answer)
                    it.shutdownOutput()
                    it.getInputStream().readBytes()
                }
            }
        }
        test(server.localPort)
    }
}
