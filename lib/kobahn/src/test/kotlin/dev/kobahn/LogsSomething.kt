package dev.kobahn

import kotlinx.coroutines.runBlocking

/** A program whose server logs frames and a handler's failure. */
internal object LogsSomething {
    @JvmStatic
    fun main(args: Array<String>) = runBlocking {
        val server = webSocketServer {
            logFrames = true
            onConnect {
                accept()
                error("on purpose")
            }
        }
        server.use {
            webSocketClient().connect("ws://localhost:${server.port}/") {
                check(awaitClosed().code == 1011)
            }
        }
    }
}
