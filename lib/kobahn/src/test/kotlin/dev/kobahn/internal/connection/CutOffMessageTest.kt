package dev.kobahn.internal.connection

import dev.kobahn.ConnectionClosedException
import dev.kobahn.Message
import dev.kobahn.MessageWriter
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.Role
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.cancel
import kotlinx.coroutines.withTimeoutOrNull

private suspend fun Connection.send(text: String) = send(MessageType.TEXT, text.encodeToByteArray())

/** A message that is sent piece by piece and does not come to its end, or not in peace. */
@OptIn(ExperimentalCoroutinesApi::class)
class CutOffMessageTest :
    FunSpec({
        for (role in Role.entries) {
            context("as $role") {
                test("a failure before anything was sent leaves the connection as it was") {
                    val rig = ConnectionRig(role)
                    rig.begin { sendMessage(MessageType.TEXT) { throw IOException("no source") } }
                        .failure()?.message shouldBe "no source"
                    rig.begin { send("on") }
                    rig.peer.rawFrames shouldContainExactly listOf("81 6f 6e")
                }

                test("a failure between frames closes with 1011, and whoever waits learns it") {
                    val rig = ConnectionRig(role)
                    val middle = CompletableDeferred<Unit>()
                    val broken = rig.begin {
                        sendMessage(MessageType.TEXT) {
                            write("a")
                            middle.await()
                        }
                    }
                    val waiting = rig.begin { send("1") }
                    middle.completeExceptionally(IOException("source broke"))
                    rig.loop.run()
                    broken.failure()?.message shouldBe "source broke"
                    waiting.failure().shouldBeInstanceOf<ConnectionClosedException>()
                    rig.peer.frames.last() shouldBe "close 1011"
                    rig.receive(rig.peer.close(1000))
                    rig.loop.advanceBy(ConnectionRig.LONG)
                    rig.connection.closeStatus?.cause?.message shouldBe "source broke"
                }

                test("a failure within a frame drops the connection") {
                    val rig = ConnectionRig(role)
                    val broken = rig.begin {
                        sendMessage(MessageType.TEXT) {
                            frame(5) { write("a".encodeToByteArray()) }
                        }
                    }
                    broken.failure()?.message shouldBe "the frame lacks 4 bytes"
                    rig.peer.closed.shouldBeTrue()
                    rig.connection.closeStatus?.local.shouldBeNull()
                }

                test("after a failure within a frame every sender hears that the end is near") {
                    val rig = ConnectionRig(role)
                    val senders = rig.loop.elsewhere {
                        val broken = rig.beginNow {
                            sendMessage(MessageType.BINARY) { frame(5) { error("no source") } }
                        }
                        broken.failure()?.message shouldBe "no source"
                        listOf(
                            rig.beginNow { send("late") },
                            rig.beginNow { trySend(MessageType.TEXT, ByteArray(1)) },
                            rig.beginNow { sendMessage(MessageType.TEXT) { write("late") } },
                            rig.beginNow { ping() },
                            rig.beginNow { pong(ByteArray(0)) },
                        )
                    }
                    senders.forEach { it.failure().shouldBeInstanceOf<ConnectionClosedException>() }
                    rig.loop.run()
                    rig.peer.closed.shouldBeTrue()
                }

                test("a block that is cancelled cuts the message off") {
                    val rig = ConnectionRig(role)
                    val never = CompletableDeferred<Unit>()
                    val sending = rig.begin {
                        sendMessage(MessageType.TEXT) {
                            write("a")
                            never.await()
                        }
                    }
                    sending.cancel()
                    rig.loop.run()
                    rig.peer.frames.last() shouldBe "close 1011"
                }

                test("the peer's Close ends the writing, and whoever waits for a turn") {
                    val rig = ConnectionRig(role)
                    val middle = CompletableDeferred<Unit>()
                    val writing = rig.begin {
                        sendMessage(MessageType.TEXT) {
                            write("a")
                            middle.await()
                            write("b")
                        }
                    }
                    val waiting = rig.begin { send("1") }
                    rig.receive(rig.peer.close(1001))
                    rig.loop.advanceBy(ConnectionRig.LONG)
                    waiting.failure().shouldBeInstanceOf<ConnectionClosedException>()
                    middle.complete(Unit)
                    rig.loop.run()
                    writing.failure().shouldBeInstanceOf<ConnectionClosedException>()
                    rig.peer.frames shouldContainExactly listOf("frame 1", "close 1000")
                }

                test("one that is cancelled before anything was sent is as if it had not been") {
                    val rig = ConnectionRig(role, capacity = 100)
                    rig.peer.stopReading()
                    rig.begin { send(MessageType.BINARY, ByteArray(2000)) }
                    val hasty = rig.begin {
                        withTimeoutOrNull(5.milliseconds) {
                            sendMessage(MessageType.TEXT) { write("a") }
                        }
                    }
                    rig.loop.advanceBy(5.milliseconds)
                    hasty.isCompleted.shouldBeTrue()
                    rig.peer.readOn()
                    rig.begin { send("on") }.failure().shouldBeNull()
                    rig.peer.frames shouldContainExactly listOf("binary 2000", "text on")
                }

                test("an end that was not waited for has ended the message") {
                    val rig = ConnectionRig(role, capacity = 100)
                    rig.peer.stopReading()
                    val sending = rig.begin {
                        sendMessage(MessageType.BINARY) {
                            withTimeoutOrNull(5.milliseconds) { end(ByteArray(2000)) }
                        }
                    }
                    rig.loop.advanceBy(5.milliseconds)
                    sending.isCompleted.shouldBeTrue()
                    sending.failure().shouldBeNull()
                    rig.peer.readOn()
                    rig.loop.run()
                    rig.peer.frames shouldContainExactly listOf("binary 2000")
                }

                test("our Close follows the frame that is open when the peer's comes") {
                    val rig = ConnectionRig(role)
                    val middle = CompletableDeferred<Unit>()
                    val sending = rig.begin {
                        sendMessage(MessageType.BINARY) {
                            frame(2) {
                                write(byteArrayOf(1))
                                middle.await()
                                write(byteArrayOf(2))
                            }
                        }
                    }
                    rig.receive(rig.peer.close(1001))
                    middle.complete(Unit)
                    rig.loop.run()
                    sending.failure().shouldBeInstanceOf<ConnectionClosedException>()
                    rig.peer.rawFrames shouldContainExactly listOf("02 01 02", "88 03 e8")
                    rig.peer.end()
                    rig.loop.run()
                    rig.connection.closeStatus?.wasClean shouldBe false
                }

                test("a frame that stays open after the peer's Close ends uncleanly") {
                    val rig = ConnectionRig(role)
                    rig.begin {
                        sendMessage(MessageType.BINARY) {
                            frame(2) { CompletableDeferred<Unit>().await() }
                        }
                    }
                    rig.receive(rig.peer.close(1001))
                    rig.loop.advanceBy(ConnectionRig.LONG)
                    val status = rig.connection.closeStatus!!
                    status.wasClean.shouldBeFalse()
                    status.local.shouldBeNull()
                }

                test("a writer that comes too late takes nothing from who receives") {
                    val rig = ConnectionRig(role, handlerOnLoop = false)
                    rig.connection.incoming
                    val middle = CompletableDeferred<Unit>()
                    rig.begin {
                        sendMessage(MessageType.TEXT) {
                            write("a")
                            middle.await()
                        }
                    }
                    rig.receive(rig.peer.text("one"), rig.peer.close(1000))
                    rig.loop.advanceBy(250.milliseconds)
                    middle.complete(Unit)
                    rig.loop.run()
                    rig.begin { incoming.receive() }.getCompleted() shouldBe Message.Text("one")
                }

                test("a writer that our Close cuts off is not the cause of how it ends") {
                    val rig = ConnectionRig(role)
                    val middle = CompletableDeferred<Unit>()
                    rig.begin {
                        sendMessage(MessageType.TEXT) {
                            write("a")
                            middle.await()
                        }
                    }
                    rig.begin { close(1000, "") }
                    middle.complete(Unit)
                    rig.loop.advanceBy(ConnectionRig.LONG)
                    rig.connection.closeStatus?.cause?.message shouldBe
                        "the peer sent no Close within 1s"
                }
            }
        }
    })

@OptIn(ExperimentalCoroutinesApi::class)
private fun Deferred<*>.failure() = getCompletionExceptionOrNull()
