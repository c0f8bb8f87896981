package dev.kobahn.interop

import dev.kobahn.Message
import dev.kobahn.RawPeer
import dev.kobahn.WebSocketServer
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldStartWith
import java.net.Socket
import kotlin.time.Duration.Companion.seconds

/** nginx and HAProxy, configured as everyone has them, in front of a server. */
class HealthChecksTest :
    FunSpec({
        for (isFull in listOf(false, true)) {
            val state = if (isFull) "a full server" else "a server"

            interop(Peer.NGINX, Role.REVERSE_PROXY, "default proxy_pass: pages of $state") {
                checked(isFull) { server ->
                    nginx(server.port) { port ->
                        ask(port, "GET /health") shouldEndWith "\r\n\r\nGET /health"
                        ask(port, "OPTIONS /health") shouldEndWith "\r\n\r\nOPTIONS /health"
                        val answer = ask(port, "HEAD /health")
                        answer shouldStartWith "HTTP/1.1 200 OK\r\n"
                        answer shouldEndWith "\r\n\r\n"
                    }
                }
            }

            interop(Peer.HAPROXY, Role.REVERSE_PROXY, "both forms of httpchk: $state is healthy") {
                checked(isFull) { server ->
                    haproxy(server.port) { port ->
                        for (backend in listOf("options", "get")) {
                            eventually(20.seconds) { check(port, backend) shouldBe "UP L7OK" }
                        }
                    }
                }
            }
        }

        interop(Peer.NGINX, Role.REVERSE_PROXY, "our client follows its redirect to a WebSocket") {
            checked(isFull = false) { server ->
                nginx(server.port) { port ->
                    val client = webSocketClient { maxRedirects = 1 }
                    client.connect("ws://127.0.0.1:$port/old") {
                        send("hello")
                        incoming.receive() shouldBe Message.Text("hello")
                    }
                }
            }
        }

        interop(Peer.HAPROXY, Role.REVERSE_PROXY, "httpchk of a server without any page") {
            text = "OPTIONS is healthy, GET is not"
            webSocketServer { onConnect { } }.use { server ->
                haproxy(server.port) { port ->
                    eventually(20.seconds) { check(port, "options") shouldBe "UP L7OK" }
                    eventually(20.seconds) { check(port, "get") shouldBe "DOWN L7STS" }
                }
            }
        }
    })

/** Runs [block] with a server that has a page, and as many connections as it may if it [isFull]. */
private suspend fun checked(isFull: Boolean, block: suspend (WebSocketServer) -> Unit) {
    webSocketServer {
        maxConnections = if (isFull) 1 else 0
        onRequest {
            if (it.path ==
                "/health"
            ) {
                HttpResponse.text("${it.method} ${it.path}")
            } else {
                null
            }
        }
        onConnect { for (message in incoming) send(message) }
    }.use { server ->
        RawPeer(server.port).use {
            it.handshake() shouldStartWith "HTTP/1.1 101 "
            block(server)
        }
    }
}

private suspend fun nginx(upstream: Int, block: suspend (port: Int) -> Unit) {
    val port = ProcessWithConfig.freePort()
    val config = nginxConfig(
        """
            upstream backend { server 127.0.0.1:$upstream; }
            server {
                listen 127.0.0.1:$port;
                location / { proxy_pass http://backend; }
                location /old { return 301 /chat; }
                location /chat {
                    proxy_http_version 1.1;
                    proxy_set_header Upgrade ${'$'}http_upgrade;
                    proxy_set_header Connection upgrade;
                    proxy_set_header Host ${'$'}http_host;
                    proxy_pass http://backend;
                }
            }
        """,
    )
    ProcessWithConfig.nginx(config).listening(port, block)
}

private suspend fun haproxy(backend: Int, block: suspend (statistics: Int) -> Unit) {
    val port = ProcessWithConfig.freePort()
    val config = """
        global
            stats socket ipv4@127.0.0.1:$port level operator
        defaults
            mode http
            timeout connect 5s
            timeout client 5s
            timeout server 5s
        backend options
            option httpchk
            server s 127.0.0.1:$backend check inter 200ms
        backend get
            option httpchk
            http-check send meth GET uri /health ver HTTP/1.1 hdr Host localhost
            server s 127.0.0.1:$backend check inter 200ms
    """.trimIndent() + "\n"
    ProcessWithConfig.haproxy(config).listening(port, block)
}

private fun ask(port: Int, request: String): String = RawPeer(Socket("127.0.0.1", port)).use {
    it.send("$request HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").readAll()
}

/** Status of the server and of its last check, such as `UP L7OK`, as HAProxy tells them. */
private fun check(port: Int, backend: String): String {
    val table = RawPeer(Socket("127.0.0.1", port)).use { it.send("show stat\n").readAll() }
    val rows = table.trim().lines().map { it.split(',') }
    val names = rows.first().map { it.removePrefix("# ") }
    val row = rows.single { it[0] == backend && it[1] == "s" }
    return row[names.indexOf("status")] + " " +
        row[names.indexOf("check_status")].removePrefix("* ")
}
