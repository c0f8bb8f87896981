package dev.kobahn.protocol.handshake

import dev.kobahn.RawPeer
import dev.kobahn.use
import dev.kobahn.webSocketServer
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class RemoteAddressTest :
    FunSpec({
        test("the address has no kind or port, whether a transport or a proxy names it") {
            mapOf(
                "tcp4:127.0.0.1:44004" to "127.0.0.1",
                "tcp6:::1:52114" to "::1",
                "tcp6:fe80::1%eth0:80" to "fe80::1%eth0",
                "unix:/run/app.sock" to "/run/app.sock",
                "unix:" to "",
                "203.0.113.7" to "203.0.113.7",
                "203.0.113.7:4711" to "203.0.113.7",
                "2001:db8::1" to "2001:db8::1",
                "[2001:db8::1]" to "2001:db8::1",
                "[2001:db8::1]:4711" to "2001:db8::1",
                "unknown" to "unknown",
                "" to "",
            ).forEach { (peer, address) -> addressIn(peer) shouldBe address }
        }

        test("only the address of a request, not that of its transport, follows a trusted proxy") {
            webSocketServer {
                trustXForwardedFor = 1
                onConnect { send("${request.remoteAddress} ${transportDetails.remoteAddress}") }
            }.use { server ->
                RawPeer(server.port).use {
                    it.handshake("/", "X-Forwarded-For: 198.51.100.1, 203.0.113.7:4711")
                    it.readFrame() shouldBe "text 203.0.113.7 127.0.0.1"
                }
                RawPeer(server.port).use {
                    it.handshake()
                    it.readFrame() shouldBe "text 127.0.0.1 127.0.0.1"
                }
            }
        }
    })
