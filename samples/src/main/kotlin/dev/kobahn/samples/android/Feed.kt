package dev.kobahn.samples.android

import dev.kobahn.ClientWebSocket
import dev.kobahn.webSocketClient
import java.io.IOException
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch

/** The state of a [Feed], for the screen. */
internal data class FeedState(
    val isConnected: Boolean = false,
    val lines: List<String> = emptyList(),
)

/**
 * A live connection as an Android app holds it, in a class without Android. An app passes
 *
 * - its `viewModelScope` as [scope]: when the screen is gone, so is the connection,
 * - a flow over `ConnectivityManager.registerDefaultNetworkCallback` as [network]: another network
 *   means another connection at once, without waiting for a Ping on the old one,
 * - a flow over `ProcessLifecycleOwner` as [isVisible]: an app in the background has no connection,
 *   which Doze would cut off anyway. Push messages are for that.
 */
internal class Feed(
    private val scope: CoroutineScope,
    private val url: String,
    network: Flow<String?>,
    isVisible: Flow<Boolean>,
) {
    private val client = webSocketClient(scope.coroutineContext[Job]) {
        // Each Ping wakes the radio. Mobile networks keep idle connections for some five minutes.
        autoPing {
            interval = 4.minutes
            timeout = 20.seconds
        }
        // A network that is gone carries no Close.
        closeHandshakeTimeout = 1.seconds
        reconnect { backoff = exponential(initial = 1.seconds, max = 60.seconds) }
    }
    private val states = MutableStateFlow(FeedState())
    private val outbox = Channel<String>(Channel.BUFFERED)

    val state: StateFlow<FeedState> get() = states

    init {
        scope.launch {
            combine(network, isVisible) { name, visible -> name.takeIf { visible } }
                .distinctUntilChanged()
                .collectLatest { if (it != null) follow() }
        }
    }

    /** Sends [text] as soon as there is a connection. */
    fun send(text: String) {
        scope.launch { outbox.send(text) }
    }

    private suspend fun follow() = try {
        client.keepConnected(url) { live() }
    } catch (failure: IOException) {
        // Another attempt would fail too, for example at a wrong password.
        states.update { it.copy(lines = it.lines + "failed: ${failure.message}") }
    }

    private suspend fun ClientWebSocket.live() = coroutineScope {
        states.update { it.copy(isConnected = true) }
        val sending = launch { for (text in outbox) this@live.send(text) }
        try {
            for (message in incoming) states.update { it.copy(lines = it.lines + "$message") }
        } finally {
            sending.cancel()
            states.update { it.copy(isConnected = false) }
        }
    }
}
