package dev.kobahn.internal.transport.proxy

import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.transport.Endpoint
import dev.kobahn.internal.transport.EventLoopGroup
import dev.kobahn.internal.transport.Joined
import dev.kobahn.internal.transport.JoinedSockets
import dev.kobahn.internal.transport.SocketTransport
import dev.kobahn.internal.transport.TransportContract
import dev.kobahn.internal.transport.connectedPair
import dev.kobahn.internal.transport.goRound
import dev.kobahn.internal.transport.onLoop
import dev.kobahn.internal.transport.record
import dev.kobahn.protocol.proxy.ProxyDialogue
import dev.kobahn.protocol.proxy.ProxyRefusal
import dev.kobahn.protocol.proxy.ProxyStep
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.ByteBuffer
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.yield

private val lease by lazy { EventLoopGroup("tunnel", 2).acquire() }

/** The client sends `?`, and the answer `!` opens the tunnel. */
private class Greeting : ProxyDialogue {
    override val opening: ByteArray get() = "?".encodeToByteArray()

    override fun receive(input: ByteBuffer): ProxyStep = when (input.get().toInt().toChar()) {
        '!' -> ProxyStep.Open
        'r' -> ProxyStep.Reconnect
        else -> ProxyStep.Refused(ProxyRefusal("no"))
    }

    override fun end() = ProxyStep.Refused(ProxyRefusal("ended"))

    override val partialRefusal: ProxyRefusal? get() = null
}

/** Reads the greeting and answers it, without a listener. */
private suspend fun SocketTransport.answer(text: String) {
    val greeting = ByteBuffer.allocate(1)
    while (channel.read(greeting) == 0) yield()
    channel.write(ByteBuffer.wrap(text.encodeToByteArray()))
}

private suspend fun greeted(answer: String = "!"): Pair<Result<Transport?>, JoinedSockets> =
    coroutineScope {
        val (first, second) = connectedPair(Endpoint.Tcp("127.0.0.1", 0), lease)
        val tunnel = async { runCatching { tunnel(first, Greeting()) } }
        second.answer(answer)
        tunnel.await() to JoinedSockets(first, second)
    }

private suspend fun joined(): Joined {
    val (tunnel, sockets) = greeted()
    return object : Joined by sockets {
        override val first = tunnel.getOrThrow()!!

        // The greeting is the first one.
        override val writes get() = sockets.writes - 1
    }
}

internal class TunnelContractTest : TransportContract(::joined)

class TunnelTransportTest :
    FunSpec({
        timeout = 20_000

        test("bytes that come before the start, unasked, end the transport") {
            val (tunnel, sockets) = greeted()
            sockets.second.channel.write(ByteBuffer.wrap(ByteArray(3)))
            goRound(sockets.first.loop)
            val recorder = tunnel.getOrThrow()!!.record()
            recorder.closed.await()?.message shouldContain "before anything was asked"
            recorder.size shouldBe 0
            sockets.second.close()
        }

        test("an end of the transport before the start is told after it") {
            val (tunnel, sockets) = greeted()
            val transport = tunnel.getOrThrow()!!
            sockets.first.close()
            goRound(transport.loop)
            transport.record().closed.await().shouldBeNull()
            sockets.second.close()
        }

        test("an end of the input before the start is told after it") {
            val (tunnel, sockets) = greeted()
            val transport = tunnel.getOrThrow()!!
            sockets.second.channel.shutdownOutput()
            goRound(transport.loop)
            transport.record().inputEnd.await()
            transport.close()
            sockets.second.close()
        }

        test("the bytes of the dialogue do not count as received") {
            val (tunnel, sockets) = greeted()
            val transport = tunnel.getOrThrow()!!
            val recorder = transport.record()
            sockets.second.channel.write(ByteBuffer.wrap(ByteArray(3)))
            recorder.awaitBytes(3)
            transport.onLoop { transport.received } shouldBe 3
            transport.close()
            sockets.second.close()
        }

        test("a refusal, a wish for a new connection and an end are told apart") {
            shouldThrow<ProxyRefusedException> { greeted("n").first.getOrThrow() }
                .refusal.reason shouldBe "no"
            greeted("r").first.getOrThrow().shouldBeNull()
            val (first, second) = connectedPair(Endpoint.Tcp("127.0.0.1", 0), lease)
            second.close()
            shouldThrow<ProxyRefusedException> { tunnel(first, Greeting()) }
                .refusal.reason shouldBe "ended"
        }
    })
