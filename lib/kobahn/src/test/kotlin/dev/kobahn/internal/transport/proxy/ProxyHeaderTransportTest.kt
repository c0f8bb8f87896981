package dev.kobahn.internal.transport.proxy

import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.transport.Endpoint
import dev.kobahn.internal.transport.EventLoopGroup
import dev.kobahn.internal.transport.Joined
import dev.kobahn.internal.transport.JoinedSockets
import dev.kobahn.internal.transport.Recorder
import dev.kobahn.internal.transport.TransportContract
import dev.kobahn.internal.transport.connectedPair
import dev.kobahn.internal.transport.onLoop
import dev.kobahn.internal.transport.record
import dev.kobahn.internal.transport.send
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

private val lease by lazy { EventLoopGroup("proxy-header", 2).acquire() }

private const val HEADER = "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"

/** The transport of a server, whose peer has sent the header already. */
private suspend fun joined(): Joined {
    val (first, second) = connectedPair(Endpoint.Tcp("127.0.0.1", 0), lease)
    first.channel.write(ByteBuffer.wrap(HEADER.encodeToByteArray()))
    val sockets = JoinedSockets(first, second)
    return object : Joined by sockets {
        override val second: Transport = ProxyHeaderTransport(sockets.second) { error(it) }
    }
}

internal class ProxyHeaderContractTest : TransportContract(::joined)

class ProxyHeaderTransportTest :
    FunSpec({
        timeout = 20_000

        class Server(val client: Transport, val transport: Transport, val faults: List<String>) {
            lateinit var recorder: Recorder
        }

        suspend fun server(): Server {
            val (first, second) = connectedPair(Endpoint.Tcp("127.0.0.1", 0), lease)
            val faults = ArrayList<String>()
            val server = Server(first, ProxyHeaderTransport(second, faults::add), faults)
            server.recorder = server.transport.record()
            first.record()
            return server
        }

        test("the header names the peer, and is neither passed on nor counted") {
            val server = server()
            server.transport.peer shouldBe server.client.local
            server.client.send((HEADER + "data").encodeToByteArray())
            server.recorder.awaitBytes(4).decodeToString() shouldBe "data"
            server.transport.peer shouldBe "tcp4:192.0.2.1:56324"
            "${server.transport.peerName}" shouldBe "tcp4:192.0.2.1:56324"
            server.transport.onLoop { server.transport.received } shouldBe 4
            server.client.close()
            server.transport.close()
        }

        test("a header that names no peer leaves the socket's") {
            val server = server()
            server.client.send("PROXY UNKNOWN\r\ndata".encodeToByteArray())
            server.recorder.awaitBytes(4)
            server.transport.peer shouldBe server.client.local
            server.client.close()
            server.transport.close()
        }

        test("a connection without a header is closed, and the listener gets nothing of it") {
            val server = server()
            server.client.send("GET / HTTP/1.1\r\n\r\n".encodeToByteArray())
            server.recorder.closed.await().shouldBeNull()
            server.recorder.size shouldBe 0
            server.faults shouldContainExactly
                listOf("the connection begins without a PROXY header")
        }

        test("an end inside the header is told, one before it is not") {
            val cut = server()
            cut.client.send("PROXY TCP4".encodeToByteArray())
            cut.client.shutdownOutput()
            cut.recorder.inputEnd.await()
            cut.faults shouldContainExactly listOf("the connection ends in its PROXY header")
            cut.transport.close()
            val silent = server()
            silent.client.shutdownOutput()
            silent.recorder.inputEnd.await()
            silent.faults.shouldBeEmpty()
            silent.transport.close()
        }
    })
