package dev.kobahn.process

import dev.kobahn.RawPeer
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/**
 * What is left of a server whose heap was filled to the brim, once those who did it are gone. Without
 * a budget that is only asked of SerialGC: G1 may collect for a minute before it lets anything go on.
 */
class OutOfMemoryTest :
    FunSpec({
        timeout = 180_000

        for (case in Exhaustion.cases) {
            test("a server whose heap was full serves everybody afterwards: $case") {
                withContext(Dispatchers.IO) { case.run() }
            }
        }
    })

/** @property options of the JVM, such as the budget, without which the heap is filled to the brim */
private class Exhaustion(
    val heap: String,
    val collector: String,
    val peers: Int,
    val bytes: Int,
    vararg val options: String,
) {
    override fun toString() =
        "$heap, $collector, $peers times $bytes bytes ${options.joinToString("")}"

    suspend fun run() {
        ServerProcess("-Xmx$heap", "-XX:+Use$collector", *options).use { server ->
            RawPeer(server.port).use { it.handshake() }
            eventually(PATIENCE) { server.connectionCount shouldBe 0 }
            val descriptors = server.openDescriptors
            Crowd(server.port, peers, Crowd.unfinished(bytes)).use { crowd ->
                val isEnough = crowd.goOn(SECONDS) { gone + done == peers }
                println("$this: ${crowd.done} done, ${crowd.gone} gone, all: $isEnough")
            }
            eventually(PATIENCE) { server.connectionCount shouldBe 0 }
            eventually(PATIENCE) { server.openDescriptors shouldBeLessThanOrEqual descriptors }
            repeat(20) { echo(server.port) }
            server.stop() shouldBe 0
        }
    }

    companion object {
        /**
         * The kernel may lose the reset of a peer whose bytes it could not hand over. Then the next
         * automatic Ping finds that the peer is gone, after 30 seconds.
         */
        private val PATIENCE = 45.seconds
        private const val SECONDS = 20L
        private const val UNBOUNDED = "-Dkobahn.process.memoryBudget=0"
        private const val KIB = 1024

        val cases: List<Exhaustion>
            get() = when {
                !java.lang.Boolean.getBoolean("kobahn.soak.exhaustion") -> listOf(
                    Exhaustion("32m", "SerialGC", 120, 400 * KIB, UNBOUNDED),
                    Exhaustion("48m", "G1GC", 200, 400 * KIB),
                )

                else -> listOf("G1GC", "SerialGC").flatMap { collector ->
                    listOf("32m", "64m", "128m", "256m", "512m").flatMap { heap ->
                        listOf(15_360, 3_584, 400).map {
                            Exhaustion(heap, collector, if (it == 400) 1_500 else 500, it * KIB)
                        }
                    }
                }
            }
    }
}

/** A client that comes, is answered, and goes. */
internal fun echo(port: Int) {
    RawPeer(port).use {
        it.handshake().lines().first() shouldBe "HTTP/1.1 101 Switching Protocols"
        it.send(RawPeer.text("hello")).readFrame() shouldBe "text hello"
        it.send(RawPeer.CLOSE).readFrame() shouldBe "close 1000"
    }
}
