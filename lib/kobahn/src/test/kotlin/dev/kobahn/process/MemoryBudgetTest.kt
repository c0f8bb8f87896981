package dev.kobahn.process

import dev.kobahn.RawPeer
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/** Peers whose reset the kernel lost are found by the next automatic Ping, after 30 seconds. */
private val PATIENCE = 45.seconds
private const val KIB = 1024

/** Many peers that stay within the limits of a connection, and together want more than the heap. */
class MemoryBudgetTest :
    FunSpec({
        timeout = 180_000

        test("hundreds of unfinished messages of 3.5 MiB leave the others alone") {
            withContext(Dispatchers.IO) { besiege(300, Crowd.unfinished(3_584 * KIB)) }
        }

        test("hundreds of unfinished messages of 0.4 MiB leave the others alone") {
            withContext(Dispatchers.IO) { besiege(500, Crowd.unfinished(400 * KIB)) }
        }

        test("hundreds of slow readers leave the others alone") {
            withContext(Dispatchers.IO) { besiege(500, ByteArray(0), "/flood", reads = false) }
        }
    })

private suspend fun besiege(
    count: Int,
    bytes: ByteArray,
    path: String = "/",
    reads: Boolean = true,
) {
    ServerProcess("-Xmx64m").use { server ->
        RawPeer(server.port).use { it.handshake() }
        eventually(PATIENCE) { server.connectionCount shouldBe 0 }
        // One may be among them that is closed only after the next selection.
        val descriptors = server.openDescriptors
        val honest = HonestEcho(server.port)
        Crowd(server.port, count, bytes, path, reads).use { crowd ->
            crowd.goOn(SECONDS) { false }
            repeat(10) { echo(server.port) }
            println("$count peers: ${crowd.done} done, ${crowd.gone} gone; $honest")
        }
        honest.stop()
        println("$count peers are gone; $honest")
        honest.worstMillis shouldBeLessThan WORST_MILLIS
        eventually(PATIENCE) { server.connectionCount shouldBe 0 }
        eventually(PATIENCE) { server.memoryUsed shouldBe 0 }
        eventually(PATIENCE) { server.openDescriptors shouldBeLessThanOrEqual descriptors }
        repeat(10) { echo(server.port) }
        server.log shouldContain "memoryBudget"
        server.terminate().shouldNotBeNull()
    }
}

private const val SECONDS = 4L
private const val WORST_MILLIS = 3_000L

/** Sends a message, waits for it to come back, and again, until it is to [stop]. */
private class HonestEcho(port: Int) {
    private val peer = RawPeer(port).also { it.handshake() }
    private val isOver = AtomicBoolean()
    private var failure: Throwable? = null
    private val millis = ArrayList<Long>()
    private val worker =
        thread(name = "honest echo") { runCatching(::run).onFailure { failure = it } }

    val worstMillis: Long get() = millis.max()

    private fun run() {
        while (!isOver.get()) {
            val begin = System.nanoTime()
            peer.send(RawPeer.text("hello")).readFrame() shouldBe "text hello"
            synchronized(millis) { millis += (System.nanoTime() - begin) / 1_000_000 }
        }
    }

    fun stop() {
        isOver.set(true)
        worker.join()
        failure?.let { throw it }
        peer.close()
    }

    override fun toString(): String = synchronized(millis) {
        val sorted = millis.sorted()
        "honest: ${sorted.size} echoes, p99 ${sorted[sorted.size * 99 / 100]} ms, worst ${sorted.last()} ms"
    }
}
