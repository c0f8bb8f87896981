package dev.kobahn.interop

import dev.kobahn.ClientWebSocket
import dev.kobahn.Message
import dev.kobahn.webSocketClient
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.TestAbortedException
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import kotlin.time.Duration

/** Our client with servers that others wrote. */
class PythonPeersTest :
    FunSpec({
        PythonLibrary.entries.forEach { library ->
            context("the client and ${library.module}") {
                test("text and binary of every length form come back as they were sent") {
                    connected(library) {
                        for (message in messages()) {
                            send(message)
                            incoming.receive() shouldBe message
                        }
                    }
                }

                test("a fragmented message is put together") {
                    connected(library, fragmentSize = 1000) {
                        val text = Message.Text("Grüße ".repeat(10_000))
                        send(text)
                        incoming.receive() shouldBe text
                    }
                }

                test("many messages in flight stay in order") {
                    connected(library) {
                        repeat(MANY) { send("message $it") }
                        repeat(MANY) { incoming.receive() shouldBe Message.Text("message $it") }
                    }
                }

                test("a Ping is answered") {
                    connected(library) { ping() shouldBeGreaterThan Duration.ZERO }
                }

                test("a Close is answered, and the end is clean") {
                    connected(library) {
                        val status = close(3000, "enough")
                        status.wasClean shouldBe true
                        status.remote?.code shouldBe
                            if (library == PythonLibrary.WEBSOCKETS) 3000 else 1000
                    }
                }
            }
        }
    })

private const val MANY = 1000

private fun messages(): List<Message> =
    listOf(0, 1, 125, 126, 65535, 65536, 1 shl 20).flatMap { size ->
        val bytes = ByteArray(size) { (it * 31).toByte() }
        listOf(Message.Binary(bytes), Message.Text("é".repeat(size / 2)))
    }

private suspend fun connected(
    library: PythonLibrary,
    fragmentSize: Int = 0,
    block: suspend ClientWebSocket.() -> Unit,
) {
    val server =
        PythonEchoServer.start(library)
            ?: throw TestAbortedException("${library.module} is not installed")
    server.use { peer ->
        webSocketClient { autoFragmentSize = fragmentSize }.connect(peer.url) { block() }
    }
}
