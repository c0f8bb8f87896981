package dev.kobahn.samples

import dev.kobahn.ClientWebSocket
import dev.kobahn.CloseStatus
import dev.kobahn.ConnectionClosedException
import dev.kobahn.Message
import dev.kobahn.ReadingPausedException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.filterNotNull
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull

/**
 * Standard input to a server and its messages to standard output, until either side closes. To be
 * used from one thread.
 *
 * @param wait how long the server has to be silent after the end of the input
 */
@OptIn(ExperimentalCoroutinesApi::class)
internal class Conversation(
    private val webSocket: ClientWebSocket,
    private val console: Console,
    private val messages: MessageConsole,
    private val wait: Duration,
) {
    private var received = 0L
    private var isWriting = false

    /** Suspends until the connection has ended, and returns its status. */
    suspend fun hold(): CloseStatus {
        val input = messages.read()
        try {
            coroutineScope {
                val sending = launch { send(input) }
                val measuring = launch { noteRoundTrips() }
                receive()
                sending.cancel()
                measuring.cancel()
            }
        } finally {
            input.cancel()
        }
        return webSocket.awaitClosed()
    }

    private suspend fun send(input: ReceiveChannel<Message>) = try {
        for (message in input) webSocket.send(message)
        awaitSilence()
        webSocket.close()
        Unit
    } catch (_: ConnectionClosedException) {
        // receive() comes to the same end, but after the messages before it
    }

    /**
     * Waits until no message arrives any more. The first Pong shows that the server has received
     * everything. A message that the server is sending when the time is over arrives before the
     * second Pong. So a large message is not cut off in either direction.
     */
    private suspend fun awaitSilence() {
        do {
            val before = received
            awaitPong()
            delay(wait)
            awaitPong()
        } while (received > before || isWriting || !webSocket.incoming.isEmpty)
    }

    private suspend fun awaitPong() {
        try {
            withTimeoutOrNull(PONG_TIMEOUT) { webSocket.ping() }
        } catch (_: ReadingPausedException) {
            // messages wait to be written
        }
    }

    private suspend fun receive() = try {
        for (message in webSocket.incoming) {
            received++
            isWriting = true
            messages.write(message)
            isWriting = false
        }
    } catch (_: ConnectionClosedException) {
        // awaitClosed() says how it ended
    }

    /** Writes the round trip time of every automatic Ping. */
    private suspend fun noteRoundTrips() {
        webSocket.roundTripTime.filterNotNull().collect { console.note("round trip: $it") }
    }

    private companion object {
        val PONG_TIMEOUT = 10.seconds
    }
}
