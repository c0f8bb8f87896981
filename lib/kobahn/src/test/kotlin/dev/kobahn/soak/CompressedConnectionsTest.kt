package dev.kobahn.soak

import dev.kobahn.ClientWebSocket
import dev.kobahn.Message
import dev.kobahn.ResidentMemory
import dev.kobahn.WebSocketClient
import dev.kobahn.protocol.DelicateWebSocketApi
import dev.kobahn.protocol.RawFrame
import dev.kobahn.protocol.extension.PerMessageDeflateOptions
import dev.kobahn.protocol.frame.Opcode
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext

/** How many connections; the profile `soak` asks for 100,000. */
private val CONNECTIONS = Integer.getInteger("kobahn.soak.connections", 2_000)
private const val AT_ONCE = 20
private const val WARM_UP = 2_000

/** A deflater has about 256 KiB: 256 of them that were not ended would be as much. */
private const val GROWTH = 64L shl 20

/** zlib's memory is outside of the heap: connections that are gone must not leave any behind. */
class CompressedConnectionsTest :
    FunSpec({
        timeout = 1_800_000
        invocationTimeout = 1_800_000

        test("the process does not grow by compressed connections that come and go").config(
            enabledOrReasonIf = ResidentMemory.whereKnown,
        ) {
            val growth = withContext(Dispatchers.IO) { growthInSmallHeap() }
            println("$CONNECTIONS compressed connections, and $growth bytes more resident")
            growth shouldBeLessThan GROWTH
        }
    })

private fun growthInSmallHeap() = ResidentMemory.growth(
    "dev.kobahn.soak.CompressedConnectionsTestKt",
    heap = "64m",
    "-Dkobahn.soak.connections=$CONNECTIONS",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=off",
)

/** Has [CONNECTIONS] come and go, and tells by how many bytes this process has grown. */
fun main() = runBlocking {
    val server = webSocketServer {
        perMessageDeflate(OWN_DEFLATER)
        onConnect {
            for (message in incoming) {
                if (message == DROP) drop() else send(message)
                if (message == CLOSE) close()
            }
        }
    }
    server.use {
        val client = webSocketClient { perMessageDeflate(OWN_DEFLATER) }
        val url = "ws://localhost:${server.port}/"
        client.connections(url, WARM_UP)
        ResidentMemory.tellGrowth { client.connections(url, CONNECTIONS) }
        client.close()
    }
}

/** Each connection has a deflater of its own, instead of a borrowed one. */
private val OWN_DEFLATER: PerMessageDeflateOptions.() -> Unit = {
    threshold = 0
    memLevel = 8
}

private val DROP = Message.Text("drop")
private val CLOSE = Message.Text("close")
private val HELLO = Message.Text("hello, hello, hello")

/** One connection after the other, [AT_ONCE] at a time, each with another end. */
private suspend fun WebSocketClient.connections(url: String, count: Int) = coroutineScope {
    List(AT_ONCE) { first ->
        async { for (index in first until count step AT_ONCE) connect(url) { live(index) } }
    }.awaitAll()
}

@OptIn(DelicateWebSocketApi::class)
private suspend fun ClientWebSocket.live(index: Int) {
    extensions.single().name shouldBe "permessage-deflate"
    send(HELLO)
    incoming.receive() shouldBe HELLO
    when (index / AT_ONCE % 5) {
        0 -> close()
        1 -> send(CLOSE)
        2 -> send(DROP)
        3 -> lowLevel.sendFrame(RawFrame(Opcode.BINARY, byteArrayOf(7), rsv = 4))
        4 -> drop()
    }
    // The answer to a Close waits a while for who has a message and did not ask for the next.
    do {
        val next = incoming.receiveCatching()
    } while (next.isSuccess)
    awaitClosed()
}
