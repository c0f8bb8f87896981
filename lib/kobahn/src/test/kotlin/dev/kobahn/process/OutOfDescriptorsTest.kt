package dev.kobahn.process

import dev.kobahn.RawPeer
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.TestCase
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.io.File
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

private val PATIENCE = 15.seconds
private val whereKnown: (TestCase) -> Enabled = {
    if (File("/proc/self/fd").exists()) Enabled.enabled else Enabled.disabled("no /proc/self/fd")
}

/** What is left of a server that had no descriptors, once those who took them are gone. */
class OutOfDescriptorsTest :
    FunSpec({
        timeout = 120_000

        for (loops in listOf(2, 16)) {
            test(
                "a server that runs out of descriptors before its first connection recovers: $loops loops",
            )
                .config(enabledOrReasonIf = whereKnown) {
                    withContext(Dispatchers.IO) { exhaust(loops) }
                }
        }

        test("a start without enough descriptors fails, says so, and leaves nothing behind")
            .config(enabledOrReasonIf = whereKnown) {
                withContext(Dispatchers.IO) {
                    ServerProcess("-XX:ActiveProcessorCount=64", descriptors = 120).use { server ->
                        server.greeting shouldStartWith "java.io.IOException: "
                        server.greeting shouldContain "descriptors"
                        eventually(PATIENCE) { (server.openDescriptors < 40) shouldBe true }
                        server.stop() shouldBe 0
                    }
                }
            }
    })

private suspend fun exhaust(loops: Int) {
    ServerProcess("-XX:ActiveProcessorCount=$loops", descriptors = 150).use { server ->
        val port = server.port
        repeat(3) {
            Crowd(port, 300, ByteArray(0)).use { crowd ->
                eventually(PATIENCE) {
                    crowd.goOn(1) { false }
                    (server.openDescriptors >= 149) shouldBe true
                }
            }
            eventually(PATIENCE) { server.connectionCount shouldBe 0 }
            repeat(2 * loops) { echo(port) }
        }
        eventually(PATIENCE) { server.connectionCount shouldBe 0 }
        // One may be among them that is closed only after the next selection.
        val descriptors = server.openDescriptors
        RawPeer(port).use { it.handshake() }
        eventually(PATIENCE) { server.openDescriptors shouldBeLessThanOrEqual descriptors }
        server.stop() shouldBe 0
    }
}
