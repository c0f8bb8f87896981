package dev.kobahn.interop

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.net.ConnectException
import java.net.Socket

class PythonEchoServerTest :
    FunSpec({
        PythonLibrary.entries.forEach { library ->
            test("the echo server of ${library.module} answers an upgrade and ends when closed") {
                PythonEchoServer.start(library)?.let { server ->
                    server.use { upgrade(it.port) shouldBe "HTTP/1.1 101 Switching Protocols" }
                    shouldThrow<ConnectException> { Socket("127.0.0.1", server.port) }
                }
            }
        }
    })

/** The status line that answers the request of RFC 6455, section 1.2. */
private fun upgrade(port: Int): String = Socket("127.0.0.1", port).use { socket ->
    val request = "GET / HTTP/1.1\r\nHost: 127.0.0.1:$port\r\nUpgrade: websocket\r\n" +
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
        "Sec-WebSocket-Version: 13\r\n\r\n"
    socket.getOutputStream().write(request.toByteArray(Charsets.US_ASCII))
    socket.getInputStream().bufferedReader().readLine()
}
