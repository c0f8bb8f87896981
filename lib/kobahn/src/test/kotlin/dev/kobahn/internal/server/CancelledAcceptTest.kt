package dev.kobahn.internal.server

import dev.kobahn.ServerWebSocket
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldBeEmpty
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

class CancelledAcceptTest :
    FunSpec({
        val accepts: Map<String, suspend ServerWebSocket.() -> Unit> = mapOf(
            "accept" to { accept() },
            "accept of a subprotocol" to { accept(null) },
            "the first send" to { send("text") },
        )
        for ((name, accept) in accepts) {
            test(
                "$name that is cancelled before the loop does it leaves the connection as it was",
            ) {
                lateinit var webSocket: ServerWebSocket
                val decision = CompletableDeferred<Unit>()
                val rig = ServerRig {
                    onConnect {
                        webSocket = this
                        decision.await()
                        deny(503, "too late")
                    }
                }
                rig.receive(ServerRig.REQUEST)
                rig.loop.elsewhere {
                    CoroutineScope(Dispatchers.Unconfined)
                        .launch(start = CoroutineStart.UNDISPATCHED) { accept(webSocket) }
                        .cancel()
                }
                rig.loop.run()
                rig.answer.toString().shouldBeEmpty()
                decision.complete(Unit)
                rig.loop.run()
                rig.answer.toString() shouldStartWith "HTTP/1.1 503 too late"
            }

            test("$name by who is cancelled already throws, and opens nothing") {
                var isDone = false
                val rig = ServerRig {
                    onConnect {
                        val webSocket = this
                        coroutineScope {
                            launch {
                                coroutineContext.cancel()
                                shouldThrow<CancellationException> { accept(webSocket) }
                                isDone = true
                            }
                        }
                        deny(503, "too late")
                    }
                }
                rig.receive(ServerRig.REQUEST)
                isDone shouldBe true
                rig.answer.toString() shouldStartWith "HTTP/1.1 503 too late"
            }
        }
    })
