package dev.kobahn.conformance

import dev.kobahn.Message
import dev.kobahn.SendOptions
import dev.kobahn.TrafficStats
import dev.kobahn.WebSocket
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.minutes
import kotlin.time.measureTime
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout

/**
 * One connection to a peer that echoes. Sends messages, as many on their way at once as the queues
 * let pass, and compares each that comes back with the one that was sent.
 *
 * @param frames the log of the frames of [webSocket]
 */
internal class EchoRun(
    private val webSocket: WebSocket,
    private val frames: FrameCount,
    private val combination: Combination,
) {
    private val data = listOf(TestData.text(), TestData.binary())

    /** What is agreed on must be as [combination] says, to us and to the peer, which is asked. */
    suspend fun checkAgreement() {
        withClue("the extensions in use") {
            webSocket.extensions.map { it.name } shouldBe listOf("permessage-deflate")
            val answer = webSocket.extensions.single().params.map { it.toString() }
            answer shouldContainExactlyInAnyOrder combination.answer
        }
        withClue("what the peer goes by") {
            Agreement.of(report()) shouldBe combination.agreement
        }
    }

    /** Has [messages] of [shape] echoed; what was counted, and how many milliseconds it took. */
    suspend fun echo(shape: Shape, messages: Int): Pair<TrafficStats, Long> =
        withTimeout(TIME_LIMIT) {
            order("!fragment ${shape.fragment}")
            val time = measureTime { sendAndCompare(shape, messages) }
            val stats = webSocket.statistics.traffic
            checkFrames(messages.toLong())
            checkCounts(messages)
            stats to time.inWholeMilliseconds
        }

    private suspend fun order(text: String) {
        webSocket.send(text)
        webSocket.incoming.receive() shouldBe Message.Text(text)
        frames.reset()
        webSocket.statistics.resetTraffic()
    }

    private suspend fun sendAndCompare(shape: Shape, messages: Int) = coroutineScope {
        val sent = data.first { it.type == shape.type }
        val expected = sent.copy()
        val options = SendOptions(fragmentSize = shape.fragment)
        launch(Dispatchers.Default) {
            repeat(messages) { webSocket.send(sent.next(shape.size), options) }
        }
        repeat(messages) { index ->
            val received = webSocket.incoming.receive()
            val message = expected.next(shape.size)
            // a comparison that fails would print megabytes
            check(received == message) {
                "the echo of message $index differs: ${received.type} of ${received.size} bytes"
            }
        }
    }

    private fun checkFrames(messages: Long) {
        withClue("messages sent, all compressed") { frames.sentCompressed shouldBe messages }
        withClue("messages echoed, all compressed") {
            frames.receivedCompressed shouldBe messages
        }
        withClue("frames with wrong bits") { frames.wrong shouldBe 0L }
    }

    /** The order to fragment is one more. */
    private suspend fun checkCounts(messages: Int) {
        val report = report()
        withClue("what the peer counts") {
            report["received"] shouldBe "${messages + 1}"
            report["compressed"] shouldBe "${messages + 1}"
        }
    }

    private suspend fun report(): Map<String, String> {
        webSocket.send("!report")
        val lines = webSocket.incoming.receive().toString().lines()
        return lines.associate { it.substringBefore('=') to it.substringAfter('=') }
    }

    private companion object {
        // the slowest takes seconds for 1000 messages
        val TIME_LIMIT = 10.minutes
    }
}
