package dev.kobahn.internal.client

import dev.kobahn.RawPeer
import dev.kobahn.RawServer
import dev.kobahn.reconnect.ReconnectOptions
import dev.kobahn.webSocketClient
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout

/** Makes a client that connects again after some milliseconds. */
internal fun quickClient(configure: ReconnectOptions.() -> Unit = {}) = webSocketClient {
    reconnect {
        backoff = exponential(1.milliseconds, 10.milliseconds)
        configure()
    }
}

/** Ends the connection without a Close. */
internal fun RawPeer.drop() = socket.close()

/** Serves one connection after the other with [peers], while [client] runs. */
internal suspend fun servedInTurn(
    vararg peers: (RawPeer) -> Any?,
    client: suspend CoroutineScope.(url: String) -> Unit,
) = RawServer().use { server ->
    coroutineScope {
        val serving =
            launch(Dispatchers.IO) { peers.forEach { serve -> server.accept().use { serve(it) } } }
        withTimeout(30.seconds) { coroutineScope { client(server.url) } }
        serving.join()
    }
}
