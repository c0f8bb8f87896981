package dev.kobahn.interop

import dev.kobahn.Message
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.WebSocketServer
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.internal.transport.tls.Certificates
import dev.kobahn.protocol.handshake.ForwardedField
import dev.kobahn.protocol.handshake.headersOf
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import java.io.File
import java.nio.file.Files
import kotlin.time.Duration.Companion.seconds

/** HAProxy and nginx in front of a server: it learns the client's address from them. */
class ServerProxiesTest :
    FunSpec({
        val folder = Files.createTempDirectory("kobahn-front").toFile()
        afterSpec { folder.deleteRecursively() }

        /** A server that says to each client which peer it sees. */
        suspend fun telling(
            configure: WebSocketServerOptions.() -> Unit,
            test: suspend (WebSocketServer) -> Unit,
        ) = webSocketServer {
            configure()
            onConnect {
                send(request.peer)
                for (message in incoming) send(message)
            }
        }.use { test(it) }

        /** Returns the peer that the server saw, and the client's own address. */
        suspend fun peers(
            url: String,
            configure: WebSocketClientOptions.() -> Unit = {},
        ): Pair<String, String> = webSocketClient(configure = configure).connect(url) {
            val seen = (incoming.receive() as Message.Text).text
            send("x".repeat(200_000))
            incoming.receive() shouldBe Message.Text("x".repeat(200_000))
            seen to transportDetails.own
        }

        fun haproxy(mode: String, port: Int, more: String) = """
            defaults
                mode $mode
                timeout connect 5s
                timeout client 20s
                timeout server 20s
                timeout tunnel 20s
            listen front
                bind 127.0.0.1:$port
        """.trimIndent() + "\n" + more.trimIndent().prependIndent("    ") + "\n"

        val versions = mapOf(
            "send-proxy" to "version 1",
            "send-proxy-v2" to "version 2",
            "send-proxy-v2 proxy-v2-options crc32c,unique-id" to
                "version 2 with a checksum and TLVs",
        )
        for ((option, version) in versions) {
            interop(
                Peer.HAPROXY,
                Role.REVERSE_PROXY,
                "PROXY protocol, $version, in front of ws and wss",
            ) {
                for (isSecure in listOf(false, true)) {
                    val options: WebSocketServerOptions.() -> Unit = {
                        proxyProtocolFrom = listOf("127.0.0.0/8")
                        if (isSecure) tls { identity(Certificates.server) }
                    }
                    telling(options) { server ->
                        val port = ProcessWithConfig.freePort()
                        val more = "unique-id-format %ci\nserver s 127.0.0.1:${server.port} $option"
                        ProcessWithConfig.haproxy(haproxy("tcp", port, more)).listening(port) {
                            val scheme = if (isSecure) "wss" else "ws"
                            val (seen, own) = peers("$scheme://localhost:$port/") {
                                tls { trust(Certificates.trusting()) }
                            }
                            seen shouldBe own
                        }
                    }
                }
            }
        }

        interop(Peer.HAPROXY, Role.REVERSE_PROXY, "httpchk with check-send-proxy (LOCAL)") {
            telling({ proxyProtocolFrom = listOf("127.0.0.0/8") }) { server ->
                val port = ProcessWithConfig.freePort()
                val more = """
                    option httpchk
                    http-check send meth OPTIONS uri / ver HTTP/1.1 hdr Host localhost
                    server s 127.0.0.1:${server.port} send-proxy-v2 check check-send-proxy inter 100ms
                """
                ProcessWithConfig.haproxy(haproxy("http", port, more)).listening(port) {
                    // HAProxy answers 503 until its check has found the server.
                    eventually(20.seconds) {
                        val (seen, own) = peers("ws://127.0.0.1:$port/")
                        seen shouldBe own
                    }
                }
            }
        }

        interop(Peer.HAPROXY, Role.REVERSE_PROXY, "PROXY protocol v2 over a Unix socket") {
            val path = File(folder, "haproxy.sock").path
            val options: WebSocketServerOptions.() -> Unit = {
                listenUnix(path)
                proxyProtocolFrom = listOf("unix")
            }
            telling(options) {
                val port = ProcessWithConfig.freePort()
                val config = haproxy("tcp", port, "server s unix@$path send-proxy-v2")
                ProcessWithConfig.haproxy(config).listening(port) {
                    val (seen, own) = peers("ws://127.0.0.1:$port/")
                    seen shouldBe own
                }
            }
        }

        interop(
            Peer.HAPROXY,
            Role.REVERSE_PROXY,
            "X-Forwarded-For and Forwarded behind forged ones of the client",
        ) {
            for (field in ForwardedField.entries) {
                val options: WebSocketServerOptions.() -> Unit = {
                    trustXForwardedFor = 1
                    forwardedField = field
                }
                telling(options) { server ->
                    val port = ProcessWithConfig.freePort()
                    val more = """
                        option forwardfor
                        http-request add-header Forwarded "for=\"%[src]:%[src_port]\";proto=http"
                        server s 127.0.0.1:${server.port}
                    """
                    ProcessWithConfig.haproxy(haproxy("http", port, more)).listening(port) {
                        val (seen, own) = peers("ws://127.0.0.1:$port/") {
                            headers = headersOf(
                                "X-Forwarded-For" to "203.0.113.66",
                                "Forwarded" to "for=203.0.113.66",
                            )
                        }
                        val address = own.removePrefix("tcp4:")
                        seen shouldBe
                            if (field ==
                                ForwardedField.FORWARDED
                            ) {
                                address
                            } else {
                                address.substringBefore(':')
                            }
                    }
                }
            }
        }

        interop(Peer.NGINX, Role.REVERSE_PROXY, "ws over TCP and over a Unix socket") {
            val path = File(folder, "nginx.sock").path
            val options: WebSocketServerOptions.() -> Unit = {
                listen(0, "127.0.0.1")
                listenUnix(path)
                trustXForwardedFor = 1
            }
            telling(options) { server ->
                for (upstream in listOf("127.0.0.1:${server.port}", "unix:$path")) {
                    val port = ProcessWithConfig.freePort()
                    ProcessWithConfig.nginx(nginx(port, upstream)).listening(port) {
                        peers("ws://127.0.0.1:$port/chat").first shouldStartWith "127.0.0.1"
                    }
                }
            }
        }
    })

private fun nginx(port: Int, upstream: String) = nginxConfig(
    """
        upstream backend { server $upstream; }
        server {
            listen 127.0.0.1:$port;
            location / {
                proxy_pass http://backend;
                proxy_http_version 1.1;
                proxy_set_header Upgrade ${"$"}http_upgrade;
                proxy_set_header Connection "upgrade";
                proxy_set_header X-Forwarded-For ${"$"}proxy_add_x_forwarded_for;
            }
        }
    """,
    main = "user root;",
)
