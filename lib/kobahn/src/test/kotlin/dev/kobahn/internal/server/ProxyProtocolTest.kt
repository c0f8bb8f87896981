package dev.kobahn.internal.server

import dev.kobahn.RawPeer
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.WireLog
import dev.kobahn.protocol.handshake.ForwardedField
import dev.kobahn.protocol.hex
import dev.kobahn.protocol.toHex
import dev.kobahn.use
import dev.kobahn.webSocketServer
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CompletableDeferred

private const val LOOPBACK = "127.0.0.0/8"
private const val V1 = "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"
private const val V2 = "0d0a0d0a000d0a515549540a 21 11 000c c0000201 c6336401 dc04 01bb"
private const val LOCAL = "0d0a0d0a000d0a515549540a 20 11 000c c0000201 c6336401 dc04 01bb"

class ProxyProtocolTest :
    FunSpec({
        timeout = 30_000

        /** Returns the peer of the request and that of the transport. */
        suspend fun peers(
            header: ByteArray,
            configure: WebSocketServerOptions.() -> Unit = {
                proxyProtocolFrom =
                    listOf(LOOPBACK, "::1")
            },
            vararg fields: String,
        ): Pair<String, String> {
            val seen = CompletableDeferred<Pair<String, String>>()
            return webSocketServer {
                configure()
                onConnect { seen.complete(request.peer to transportDetails.peer) }
            }.use { server ->
                RawPeer(server.port).use {
                    it.send(header)
                    it.handshake("/", *fields) shouldStartWith "HTTP/1.1 101 "
                    seen.await()
                }
            }
        }

        test("version 1 and version 2 name the client of the request and of the transport") {
            for (header in listOf(V1.encodeToByteArray(), hex(V2))) {
                peers(header) shouldBe ("tcp4:192.0.2.1:56324" to "tcp4:192.0.2.1:56324")
            }
        }

        test("a log has the client's name from the header on") {
            val lines = CopyOnWriteArrayList<String>()
            val options: WebSocketServerOptions.() -> Unit = {
                proxyProtocolFrom = listOf(LOOPBACK, "::1")
                logBytes = true
                wireLog = WireLog { lines += it.toString() }
            }
            peers(V1.encodeToByteArray(), options)
            lines.filter { "GET ".encodeToByteArray().toHex() in it }.single() shouldContain
                " tcp4:192.0.2.1:56324 "
        }

        test("LOCAL does not set the peer, although it has an address block") {
            val (request, transport) = peers(hex(LOCAL))
            request shouldContain "127.0.0.1"
            transport shouldContain "127.0.0.1"
        }

        test("a listed proxy that sends no header is closed without an answer") {
            webSocketServer {
                proxyProtocolFrom = listOf(LOOPBACK, "::1")
                onConnect { accept() }
            }.use { server ->
                RawPeer(server.port).use {
                    it.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    it.readAll() shouldBe ""
                }
            }
        }

        test("a header of any other peer is a malformed request, and by default of all") {
            for (listed in listOf(emptyList(), listOf("192.0.2.0/24", "unix"))) {
                webSocketServer {
                    proxyProtocolFrom = listed
                    onConnect { accept() }
                }.use { server ->
                    RawPeer(server.port).use {
                        it.send(V1)
                        it.readHead() shouldStartWith "HTTP/1.1 400 "
                    }
                    RawPeer(server.port).use { it.handshake() shouldStartWith "HTTP/1.1 101 " }
                }
            }
        }

        test("a header that does not come in time is ended by openHandshakeTimeout") {
            webSocketServer {
                proxyProtocolFrom = listOf(LOOPBACK, "::1")
                openHandshakeTimeout = 200.milliseconds
                dropTimeout = 200.milliseconds
                onConnect { accept() }
            }.use { server ->
                RawPeer(server.port).use {
                    it.send("PROXY TCP4 192")
                    it.readHead() shouldStartWith "HTTP/1.1 408 "
                }
            }
        }

        test("trustedProxies judges the peer that the header names") {
            val field = "X-Forwarded-For: 203.0.113.9"
            fun options(trusted: String): WebSocketServerOptions.() -> Unit = {
                proxyProtocolFrom = listOf(LOOPBACK, "::1")
                trustXForwardedFor = 1
                trustedProxies = listOf(trusted)
            }
            peers(hex(V2), options("192.0.2.1"), field).first shouldBe "203.0.113.9"
            peers(hex(V2), options(LOOPBACK), field).first shouldBe "tcp4:192.0.2.1:56324"
        }

        test("a Unix socket that the header names is not trusted as one of this machine") {
            val unix = hex("0d0a0d0a000d0a515549540a 21 31 00d8") +
                "/run/app.sock".encodeToByteArray().copyOf(216)
            val options: WebSocketServerOptions.() -> Unit = {
                proxyProtocolFrom = listOf(LOOPBACK, "::1")
                trustXForwardedFor = 1
                trustedProxies = listOf(LOOPBACK, "::1")
            }
            peers(unix, options, "X-Forwarded-For: 203.0.113.9").first shouldBe
                "unix:/run/app.sock"
        }

        test("Forwarded names the client if it is the chosen field") {
            val fields =
                arrayOf("X-Forwarded-For: 203.0.113.1", "Forwarded: for=\"[2001:db8::1]:9\"")
            val options: WebSocketServerOptions.() -> Unit = {
                trustXForwardedFor = 1
                forwardedField = ForwardedField.FORWARDED
            }
            peers(ByteArray(0), options, *fields).first shouldBe "[2001:db8::1]:9"
            peers(ByteArray(0), { trustXForwardedFor = 1 }, *fields).first shouldBe "203.0.113.1"
        }
    })
