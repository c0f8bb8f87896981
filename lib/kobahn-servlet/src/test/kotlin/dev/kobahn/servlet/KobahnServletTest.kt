package dev.kobahn.servlet

import dev.kobahn.Message
import dev.kobahn.RawPeer
import dev.kobahn.hosting.hostedServer
import dev.kobahn.webSocketClient
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import jakarta.servlet.http.HttpServlet
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletRequestWrapper
import jakarta.servlet.http.HttpServletResponse
import java.net.Socket
import java.security.Principal
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

private val CONTAINERS: Map<String, (HttpServlet) -> Pair<Int, () -> Unit>> =
    mapOf("Jetty" to { jetty(it) }, "Tomcat" to { tomcat(it) })

class KobahnServletTest :
    FunSpec({
        timeout = 30_000

        for ((name, container) in CONTAINERS) {
            suspend fun serve(servlet: HttpServlet, test: suspend (Int) -> Unit) {
                val (port, end) = container(servlet)
                try {
                    withContext(Dispatchers.IO) { test(port) }
                } finally {
                    end()
                }
            }

            fun peer(port: Int, test: RawPeer.() -> Unit) =
                RawPeer(Socket("127.0.0.1", port)).use(test)

            test("a request without an upgrade gets 405, or the subclass's answer ($name)") {
                val server = hostedServer { onConnect { send("a socket") } }
                val request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                serve(KobahnServlet(server)) { port ->
                    peer(port) { send(request).readHead() shouldStartWith "HTTP/1.1 405" }
                }
                val page = object : KobahnServlet(hostedServer { onConnect { send("socket") } }) {
                    override fun doGet(request: HttpServletRequest, response: HttpServletResponse) {
                        response.writer.write("a page")
                    }
                }
                serve(page) { port ->
                    peer(port) { send(request).readAll() shouldContain "a page" }
                    first(port, "/") shouldBe "socket"
                }
            }

            test("a servlet of another kind upgrades wrapped requests to a route ($name)") {
                val server = hostedServer { subprotocols = listOf("general") }
                val route = server.route {
                    subprotocols = listOf("special")
                    onConnect {
                        accept()
                        send("$subprotocol for ${currentServletRequest().userPrincipal!!.name}")
                    }
                }
                val servlet = object : HttpServlet() {
                    override fun doGet(request: HttpServletRequest, response: HttpServletResponse) {
                        val wrapped = object : HttpServletRequestWrapper(request) {
                            override fun getUserPrincipal() = Principal { "ada" }
                        }
                        WebSocketUpgrades.upgrade(server, wrapped, response, route) shouldBe true
                    }
                }
                serve(servlet) { port -> first(port, "/", "special") shouldBe "special for ada" }
                server.stop()
            }

            test("the request is known as long as the connection lasts ($name)") {
                val mayTell = CompletableDeferred<Unit>()
                val server = hostedServer {
                    onConnect {
                        accept()
                        mayTell.await()
                        val request = currentServletRequest()
                        send("${request.attributes["tenant"]} at ${request.pathInfo}: $request")
                    }
                }
                val servlet = object : KobahnServlet(server) {
                    override fun service(
                        request: HttpServletRequest,
                        response: HttpServletResponse,
                    ) {
                        request.setAttribute("tenant", request.pathInfo.removePrefix("/"))
                        super.service(request, response)
                    }
                }
                serve(servlet) { port ->
                    val client = webSocketClient()
                    val first = client.connect("ws://127.0.0.1:$port/acme")
                    // The container has answered, and has had others ask since.
                    repeat(3) {
                        val request = "GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n"
                        peer(port) { send(request).readHead() shouldStartWith "HTTP/1.1 405" }
                    }
                    mayTell.complete(Unit)
                    (first.incoming.receive() as Message.Text).text shouldBe
                        "acme at /acme: /acme"
                    client.close()
                }
            }

            test("the end of the servlet closes connections with 1001 ($name)") {
                val server = hostedServer {
                    onConnect { for (message in incoming) send(message) }
                }
                val servlet = KobahnServlet(server)
                serve(servlet) { port ->
                    val socket = webSocketClient().connect("ws://127.0.0.1:$port/")
                    socket.send("before")
                    socket.incoming.receive()
                    val ending = async { servlet.destroy() }
                    socket.awaitClosed().code shouldBe 1001
                    ending.await()
                    server.connectionCount shouldBe 0
                }
            }

            test("after the end of the server a request gets 503 ($name)") {
                val server = hostedServer { onConnect { } }
                serve(KobahnServlet(server)) { port ->
                    server.stop()
                    peer(port) { handshake("/") shouldStartWith "HTTP/1.1 503" }
                }
            }
        }

        test(
            "connections that nobody receives from delay other requests of Tomcat, and starve none",
        ) {
            val server = hostedServer {
                maxIncomingQueueSize = 1024
                onConnect {
                    accept()
                    awaitCancellation()
                }
            }
            val (port, end) = tomcat(KobahnServlet(server)) {
                setProperty("minSpareThreads", "1")
                setProperty("maxThreads", "2")
            }
            val flood = RawPeer.masked(0x82, ByteArray(64 * 1024))
            val page = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
            withContext(Dispatchers.IO) {
                val peers = List(6) { RawPeer(Socket("127.0.0.1", port)) }
                try {
                    val floods = peers.map { peer ->
                        peer.handshake("/") shouldStartWith "HTTP/1.1 101"
                        // It blocks soon, and fails at the end.
                        launch { runCatching { while (true) peer.send(flood) } }
                    }
                    repeat(20) {
                        RawPeer(Socket("127.0.0.1", port)).use {
                            it.send(page).readHead() shouldStartWith "HTTP/1.1 405"
                        }
                    }
                    floods.all { it.isActive } shouldBe true
                } finally {
                    peers.forEach(RawPeer::close)
                }
            }
            server.stop(deadline = 1.seconds)
            end()
        }
    })

/** The first message at [path]. */
private suspend fun first(port: Int, path: String, vararg offers: String): String =
    webSocketClient { subprotocols = offers.toList() }.connect("ws://127.0.0.1:$port$path") {
        (incoming.receive() as Message.Text).text
    }
