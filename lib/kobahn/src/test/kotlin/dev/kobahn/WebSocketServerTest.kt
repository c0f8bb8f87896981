package dev.kobahn

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.shouldBe
import java.io.IOException

class WebSocketServerTest :
    FunSpec({
        test("use stops a server that was started before, without starting it again") {
            val server = webSocketServer { onConnect {} }.also { it.start() }
            server.use {
                RawPeer(it.port).use { peer ->
                    peer.handshake()
                    peer.readFrame() shouldBe "close 1000"
                }
            }
            server.job.isCompleted.shouldBeTrue()
        }

        test("use of a server that cannot start leaves nothing running") {
            webSocketServer { onConnect {} }.use { first ->
                val second = webSocketServer { port = first.port }
                shouldThrow<IOException> { second.use { error("it does not listen") } }
                second.job.isCompleted.shouldBeTrue()
            }
        }
    })
