package dev.kobahn.internal.group

import dev.kobahn.PreparedMessage
import dev.kobahn.ServerWebSocket
import dev.kobahn.SlowConsumer
import dev.kobahn.WebSocket
import dev.kobahn.internal.server.ServerRig
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldBeEmpty
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldStartWith
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation

/** Members whose handler has yet to decide about the connection. */
@OptIn(ExperimentalCoroutinesApi::class)
class UndecidedMemberTest :
    FunSpec({
        val policies =
            listOf(SlowConsumer.Suspend, SlowConsumer.DropOldest(), SlowConsumer.Disconnect())
        for (policy in policies) {
            test("a broadcast does not open a connection that has not decided ($policy)") {
                val group = Group<WebSocket>(policy, Dispatchers.Unconfined)
                val decision = CompletableDeferred<suspend ServerWebSocket.() -> Unit>()
                fun rig() = ServerRig {
                    onConnect {
                        group.add(this, this)
                        val decide = decision.await()
                        decide()
                        awaitCancellation()
                    }
                }.also { it.receive(ServerRig.REQUEST) }

                val rig = rig()
                group.size shouldBe 1
                val sent = CoroutineScope(Dispatchers.Unconfined)
                    .async(start = CoroutineStart.UNDISPATCHED) {
                        group.broadcast(PreparedMessage("early"))
                    }
                rig.loop.run()
                sent.getCompleted() shouldBe 0
                if (policy !is SlowConsumer.Suspend) {
                    group.trySend(PreparedMessage("early")) shouldBe 0
                }
                rig.loop.run()
                rig.answer.toString().shouldBeEmpty()
                group.size shouldBe 1

                decision.complete { accept() }
                rig.loop.run()
                rig.answer.toString() shouldStartWith "HTTP/1.1 101 "
                CoroutineScope(Dispatchers.Unconfined)
                    .async { group.broadcast(PreparedMessage("late")) }.getCompleted() shouldBe 1
                rig.loop.run()
                rig.answer.toString() shouldEndWith "\u0081\u0004late"
            }
        }

        test(
            "closing all leaves alone who has not decided, and who decides gets its deny through",
        ) {
            val group = Group<WebSocket>(SlowConsumer.Disconnect(), Dispatchers.Unconfined)
            val decision = CompletableDeferred<Unit>()
            val rig = ServerRig {
                onConnect {
                    group.add(this, this)
                    decision.await()
                    deny(401)
                }
            }
            rig.receive(ServerRig.REQUEST)
            val closed = CoroutineScope(Dispatchers.Unconfined)
                .async { group.closeAll(1001, "", 60.seconds) }
            rig.loop.run()
            closed.isCompleted shouldBe true
            rig.answer.toString().shouldBeEmpty()
            decision.complete(Unit)
            rig.loop.run()
            rig.answer.toString() shouldStartWith "HTTP/1.1 401 "
        }
    })
