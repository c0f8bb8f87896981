package dev.kobahn

import dev.kobahn.protocol.MessageType
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeIn
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/** Many coroutines on many threads that send over one compressed connection, in every way there is. */
class CompressedSendersTest :
    FunSpec({
        for (memLevel in listOf(5, 8)) {
            test("what was sent before the Close arrives, in order, with memLevel $memLevel") {
                val rounds = List(ROUNDS) { CompletableDeferred<Sent>() }
                webSocketServer {
                    perMessageDeflate {
                        this.memLevel = memLevel
                        threshold = 0
                    }
                    handlerDispatcher = Dispatchers.Default
                    onConnect {
                        val round = Integer.parseInt(request.param("round"))
                        val sent = Sent()
                        sendAll(sent, round)
                        rounds[round].complete(sent)
                    }
                }.use { server ->
                    var total = 0
                    for (round in 0 until ROUNDS) {
                        val received = ArrayList<String>()
                        val url = "ws://localhost:${server.port}/?round=$round"
                        val status = webSocketClient { perMessageDeflate() }.connect(url) {
                            for (message in incoming) received += (message as Message.Text).text
                            awaitClosed()
                        }
                        status.wasClean shouldBe true
                        rounds[round].await().check(received)
                        total += received.size
                    }
                    total shouldBeGreaterThan ROUNDS * SENDERS
                }
            }
        }
    })

private const val ROUNDS = 20
private const val SENDERS = 8

/** What each sender began to send, in order, and what of it was on its way when its call returned. */
private class Sent {
    val begun = List(SENDERS) { ArrayList<String>() }
    val returned = List(SENDERS) { ArrayList<String>() }

    fun check(received: List<String>) {
        for (sender in 0 until SENDERS) {
            val mine = received.filter { it.startsWith("$sender:") }
            mine shouldContainAll returned[sender]
            val places = mine.map { begun[sender].indexOf(it) }
            places.all { it >= 0 } shouldBe true
            places shouldBe places.sorted().distinct()
        }
        for (message in received) message.first() shouldBeIn ('0'..'9').toList()
    }
}

private suspend fun WebSocket.sendAll(sent: Sent, round: Int) = withContext(Dispatchers.Default) {
    val senders = List(SENDERS) { sender ->
        launch {
            val random = Random(round * SENDERS + sender)
            try {
                repeat(Int.MAX_VALUE) { number ->
                    val text = "$sender:$number:" + "some text ".repeat(random.nextInt(200))
                    sent.begun[sender] += text
                    if (sendSomehow(text, random)) sent.returned[sender] += text
                }
            } catch (_: ConnectionClosedException) {
                // all of them go on until then
            }
        }
    }
    val pings = launch { runCatching { while (true) ping() } }
    delay(50.milliseconds)
    // now and then a message is being encoded
    close(1000)
    senders.forEach { it.join() }
    pings.join()
}

/** Whether [text] is on its way for certain. */
private suspend fun WebSocket.sendSomehow(text: String, random: Random): Boolean =
    when (random.nextInt(6)) {
        0 -> trySend(Message.Text(text))

        1 -> true.also { send(PreparedMessage(text)) }

        2 -> trySend(PreparedMessage(text))

        3 -> true.also {
            sendMessage(MessageType.TEXT) {
                write(text.take(text.length / 2))
                write(text.drop(text.length / 2))
            }
        }

        4 -> cancelled { send(text) }

        else -> true.also { send(text) }
    }

/** Whether [send] returned before it was cancelled. */
private suspend fun cancelled(send: suspend () -> Unit): Boolean {
    var hasReturned = false
    coroutineScope {
        val sending = launch {
            send()
            hasReturned = true
        }
        launch { sending.cancel() }
        withTimeoutOrNull(1.milliseconds) { sending.join() }
    }
    return hasReturned
}
