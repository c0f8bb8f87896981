package dev.kobahn.samples

import dev.kobahn.reconnect.ReconnectState
import dev.kobahn.reconnect.ReconnectingWebSocket
import java.io.IOException
import kotlin.time.Duration
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch

/**
 * Standard input to a server and its messages to standard output, over as many connections as it
 * takes, until either side closes on purpose. To be used from one thread.
 *
 * @param wait how long the server has to be silent after the end of the input
 */
internal class LastingConversation(
    private val webSocket: ReconnectingWebSocket,
    private val console: Console,
    private val messages: MessageConsole,
    private val wait: Duration,
) {
    private var received = 0L

    /** Suspends until there will be no further connection, and returns the reason. */
    suspend fun hold(): ReconnectState.Ended = coroutineScope {
        val telling = launch { webSocket.state.collect { console.note("state: $it") } }
        val sending = launch { send() }
        receive()
        sending.cancel()
        telling.cancel()
        webSocket.awaitEnd()
    }

    private suspend fun send() {
        val input = messages.read()
        try {
            for (message in input) webSocket.send(message)
            awaitSilence()
            webSocket.close()
        } catch (_: IOException) {
            // awaitEnd() has the reason
        } finally {
            input.cancel()
        }
    }

    /** Waits until no message arrives any more on an open connection. */
    private suspend fun awaitSilence() {
        do {
            val before = received
            webSocket.state.first { it is ReconnectState.Open || it is ReconnectState.Ended }
            delay(wait)
        } while (received > before)
    }

    private suspend fun receive() = try {
        for (message in webSocket.incoming) {
            received++
            messages.write(message)
        }
    } catch (_: IOException) {
        // awaitEnd() has the reason
    }
}
