package dev.kobahn.internal.server

import dev.kobahn.WebSocketServerOptions
import dev.kobahn.internal.connection.MemoryTransport
import dev.kobahn.internal.connection.VirtualLoop
import dev.kobahn.internal.transport.Recorder
import dev.kobahn.internal.transport.send
import dev.kobahn.internal.transport.tls.Certificates
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob

/** The limits of a server hold for clients whose handshake of TLS is not done. */
class TlsHandshakeLimitsTest :
    FunSpec({
        test("a client that is refused is closed at once, without a handshake") {
            val rig = TlsRig()
            rig.connection.refuse { "there is no place" }
            rig.loop.run()
            rig.hasEnded shouldBe true
            rig.client.size shouldBe 0
            rig.loop.pendingTimers shouldBe 0
        }

        test("the bytes of a ClientHello count") {
            val rig = TlsRig()
            rig.receive(pieces(5_000))
            rig.context.budget!!.used shouldBeInRange 30_000L..64_000L
            rig.far.close()
            rig.loop.run()
            rig.hasEnded shouldBe true
            rig.context.budget.used shouldBe 0
        }

        test("a ClientHello that exceeds the budget ends its connection") {
            val rig = TlsRig { memoryBudget = 25_000 }
            rig.receive(pieces(5_000))
            rig.hasEnded shouldBe true
            rig.context.budget!!.used shouldBe 0
        }
    })

/** The first [count] bytes of a ClientHello, in records of one byte. */
private fun pieces(count: Int): ByteArray {
    val hello = byteArrayOf(1, 0, 0x3F, 0) + ByteArray(count - 4)
    return hello.toList().flatMap { listOf<Byte>(22, 3, 1, 0, 1, it) }.toByteArray()
}

/** A connection of a server of TLS, and its [client], which speaks bytes. */
private class TlsRig(configure: WebSocketServerOptions.() -> Unit = {}) {
    val loop = VirtualLoop()
    private val options = WebSocketServerOptions().apply {
        memoryBudget = 10_000_000
        onConnect {}
        configure()
    }
    val context = serverContext(options, CoroutineScope(SupervisorJob() + loop.dispatcher))
    private val ends = MemoryTransport.pair(loop)
    val far = ends.second
    val client = Recorder()
    var hasEnded = false
    val connection =
        ServerConnection(Certificates.serverTls().secure(ends.first), context) { hasEnded = true }

    init {
        connection.start()
        far.start(client)
        loop.run()
    }

    fun receive(bytes: ByteArray) {
        far.send(bytes)
        loop.run()
    }
}
