package dev.kobahn.soak

import dev.kobahn.MessageReader
import dev.kobahn.MessageWriter
import dev.kobahn.protocol.MessageType
import dev.kobahn.webSocketClient
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.io.File
import java.nio.ByteBuffer
import java.security.MessageDigest
import kotlin.random.Random
import kotlin.time.measureTimedValue
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withContext

/** The bytes of the message; the profile `soak` asks for 4 GiB. */
private val SIZE = System.getProperty("kobahn.soak.messageSize", "${200L shl 20}").toLong()

class HugeMessageTest :
    FunSpec({
        timeout = 1_800_000

        test("a message many times the heap of 64 MB passes through it both ways, whole") {
            inSmallHeap { port ->
                val (digests, time) = measureTimedValue { sendAndReceive(port) }
                digests.received.toHex() shouldBe digests.sent.toHex()
                println("$SIZE bytes to a heap of 64 MB and back in $time")
            }
        }
    })

private class Digests(val sent: ByteArray, val received: ByteArray)

private suspend fun sendAndReceive(port: Int): Digests = withContext(Dispatchers.Default) {
    webSocketClient().connect("ws://localhost:$port/") {
        coroutineScope {
            val received = async { digestOf(incomingStreams.receive()) }
            val sent = MessageDigest.getInstance("SHA-256")
            sendMessage(MessageType.BINARY) { writeAll(this, sent) }
            Digests(sent.digest(), received.await())
        }
    }
}

/** Three quarters of it in one frame, which with 4 GiB is longer than any array. */
private suspend fun writeAll(message: MessageWriter, digest: MessageDigest) {
    val block = Random(SIZE).nextBytes(65_536)
    val inFrame = SIZE / 4 * 3 / block.size * block.size
    var written = 0L
    suspend fun write(to: suspend (ByteArray, Int) -> Unit) {
        // No two blocks are alike, so that none can be lost, doubled or moved unseen.
        ByteBuffer.wrap(block).putLong(written)
        val count = minOf(block.size.toLong(), SIZE - written).toInt()
        digest.update(block, 0, count)
        to(block, count)
        written += count
    }
    message.frame(inFrame) {
        while (remaining >
            0
        ) {
            write { bytes, n -> this@frame.write(bytes, 0, n) }
        }
    }
    while (written < SIZE) write { bytes, count -> message.write(bytes, 0, count) }
}

private suspend fun digestOf(message: MessageReader): ByteArray {
    val digest = MessageDigest.getInstance("SHA-256")
    while (true) digest.update(message.read() ?: break)
    return digest.digest()
}

private fun ByteArray.toHex() = joinToString("") { "%02x".format(it) }

/** Runs the echo in a JVM with a heap of 64 MB, and gives [test] its port. */
private suspend fun inSmallHeap(test: suspend (port: Int) -> Unit) {
    val java = File(System.getProperty("java.home"), "bin/java").path
    val classPath = System.getProperty("surefire.test.class.path")
        ?: System.getProperty("java.class.path")
    val process = ProcessBuilder(
        java,
        "-Xmx64m",
        "-cp",
        classPath,
        "dev.kobahn.soak.StreamingEchoKt",
    ).redirectError(ProcessBuilder.Redirect.INHERIT).start()
    try {
        val port = process.inputStream.bufferedReader().readLine().removePrefix("port ").toInt()
        test(port)
    } finally {
        process.destroyForcibly().waitFor()
    }
}
