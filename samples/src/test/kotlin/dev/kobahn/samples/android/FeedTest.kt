package dev.kobahn.samples.android

import dev.kobahn.CloseStatus
import dev.kobahn.use
import dev.kobahn.webSocketServer
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancel
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first

class FeedTest :
    FunSpec({
        timeout = 30_000

        test("another network means another connection, and messages go on") {
            Device().use {
                feed.send("one")
                feed.state.first { "echo one" in it.lines }
                network.value = "mobile"
                ends.receive().code shouldBe 1001
                feed.send("two")
                feed.state.first { "echo two" in it.lines }
            }
        }

        test("a hidden app has no connection, and connects again when it is shown") {
            Device().use {
                feed.state.first { it.isConnected }
                isVisible.value = false
                ends.receive().code shouldBe 1001
                feed.state.first { !it.isConnected }
                isVisible.value = true
                feed.state.first { it.isConnected }
            }
        }

        test("without a network nothing is tried") {
            Device().use {
                network.value = null
                feed.state.first { !it.isConnected }
                network.value = "wifi"
                feed.state.first { it.isConnected }
            }
        }

        test("the end of the scope closes the connection") {
            Device().use {
                feed.state.first { it.isConnected }
                scope.cancel()
                ends.receive().code shouldBe 1001
            }
        }
    })

/** A server, and an app on a device that is connected to it. */
private class Device {
    val network = MutableStateFlow<String?>("wifi")
    val isVisible = MutableStateFlow(true)
    val ends = Channel<CloseStatus>(Channel.UNLIMITED)
    val scope = CoroutineScope(Dispatchers.Default + Job())
    lateinit var feed: Feed

    suspend fun use(test: suspend Device.() -> Unit) {
        val server = webSocketServer {
            onConnect {
                try {
                    for (message in incoming) send("echo $message")
                } finally {
                    ends.send(awaitClosed())
                }
            }
        }
        server.use {
            feed = Feed(scope, "ws://localhost:${server.port}/", network, isVisible)
            try {
                test()
            } finally {
                scope.cancel()
            }
        }
    }
}
