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

@OptIn(ExperimentalCoroutinesApi::class)
class SendMessageTest :
    FunSpec({
        for (role in Role.entries) {
            context("as $role") {
                test("parts are frames of one message, which an empty one ends") {
                    val rig = ConnectionRig(role)
                    rig.begin {
                        sendMessage(MessageType.BINARY) {
                            write(byteArrayOf(0, 1, 2, 3), 1, 2)
                            write(ByteArray(0))
                            write(byteArrayOf(9))
                        }
                    }
                    rig.peer.rawFrames shouldContainExactly listOf("02 01 02", "00 09", "80")
                }

                test("nothing written is an empty message") {
                    val rig = ConnectionRig(role)
                    rig.begin { sendMessage(MessageType.TEXT) {} }
                    rig.peer.rawFrames shouldContainExactly listOf("81")
                }

                test("end gives the message its last frame, and nothing can follow") {
                    val rig = ConnectionRig(role)
                    val late = rig.begin {
                        sendMessage(MessageType.TEXT) {
                            write("a")
                            end("b".encodeToByteArray())
                            write("c")
                        }
                    }
                    late.failure().shouldBeInstanceOf<IllegalStateException>()
                    rig.begin { send("d") }
                    rig.peer.rawFrames shouldContainExactly listOf("01 61", "80 62", "81 64")
                }

                test("a long part leaves in frames of autoFragmentSize, or of 64 KiB") {
                    val short = ConnectionRig(role, autoFragmentSize = 2)
                    short.begin { sendMessage(MessageType.BINARY) { write(byteArrayOf(1, 2, 3)) } }
                    short.peer.rawFrames shouldContainExactly listOf("02 01 02", "00 03", "80")
                    val long = ConnectionRig(role, maxOutgoingQueueSize = 1_000_000)
                    long.begin { sendMessage(MessageType.BINARY) { write(ByteArray(150_000)) } }
                    long.peer.sizes shouldContainExactly listOf(65536, 65536, 18928, 0)
                }

                test("the array may be used again, however slow the peer is") {
                    val rig = ConnectionRig(role, capacity = 100, maxOutgoingQueueSize = 1_000_000)
                    rig.peer.stopReading()
                    rig.begin {
                        sendMessage(MessageType.BINARY) {
                            val bytes = ByteArray(10_000) { 7 }
                            write(bytes)
                            bytes.fill(0)
                        }
                    }.isCompleted.shouldBeTrue()
                    rig.peer.readOn()
                    rig.loop.run()
                    rig.peer.payload().all { it == 7.toByte() }.shouldBeTrue()
                }

                test("a frame of known length is written piece by piece") {
                    val rig = ConnectionRig(role)
                    rig.begin {
                        sendMessage(MessageType.BINARY) {
                            frame(3) {
                                write(byteArrayOf(1))
                                remaining shouldBe 2
                                write(byteArrayOf(2, 3))
                            }
                            frame(0) {}
                        }
                    }
                    rig.peer.rawFrames shouldContainExactly listOf("02 01 02 03", "00", "80")
                }

                test("more than a frame has room for is an error that sends nothing of it") {
                    val rig = ConnectionRig(role)
                    var failure: Throwable? = null
                    rig.begin {
                        sendMessage(MessageType.BINARY) {
                            frame(2) {
                                failure = runCatching { write(ByteArray(3)) }.exceptionOrNull()
                                write(ByteArray(2))
                            }
                        }
                    }
                    failure.shouldBeInstanceOf<IllegalArgumentException>()
                    rig.peer.rawFrames shouldContainExactly listOf("02 00 00", "80")
                }

                test("control frames go between frames and wait for the end of one that is open") {
                    val rig = ConnectionRig(role)
                    val between = CompletableDeferred<Unit>()
                    val inside = CompletableDeferred<Unit>()
                    rig.begin {
                        sendMessage(MessageType.BINARY) {
                            write(byteArrayOf(1))
                            between.await()
                            frame(2) {
                                write(byteArrayOf(2))
                                inside.await()
                                write(byteArrayOf(3))
                            }
                        }
                    }
                    rig.receive(rig.peer.ping("a"))
                    between.complete(Unit)
                    rig.loop.run()
                    rig.receive(rig.peer.ping("b"))
                    rig.peer.rawFrames shouldContainExactly listOf("02 01", "8a 61")
                    inside.complete(Unit)
                    rig.loop.run()
                    rig.peer.rawFrames shouldContainExactly
                        listOf("02 01", "8a 61", "00 02 03", "8a 62", "80")
                }

                test("other senders wait for the end of the message, first come first served") {
                    val rig = ConnectionRig(role)
                    val middle = CompletableDeferred<Unit>()
                    rig.begin {
                        sendMessage(MessageType.TEXT) {
                            write("a")
                            middle.await()
                        }
                    }
                    val senders = listOf(
                        rig.begin { send("1") },
                        rig.begin { sendMessage(MessageType.TEXT) { write("2") } },
                        rig.begin { send("3") },
                    )
                    senders.any { it.isCompleted }.shouldBeFalse()
                    middle.complete(Unit)
                    rig.loop.run()
                    rig.peer.rawFrames shouldContainExactly
                        listOf("01 61", "80", "81 31", "01 32", "80", "81 33")
                    rig.begin { send("4") }.isCompleted.shouldBeTrue()
                }

                test("a sender that is cancelled while it waits gives its turn away") {
                    val rig = ConnectionRig(role)
                    val middle = CompletableDeferred<Unit>()
                    rig.begin { sendMessage(MessageType.TEXT) { middle.await() } }
                    val first = rig.begin { send("1") }
                    val second = rig.begin { send("2") }
                    middle.complete(Unit)
                    // The turn is on its way to it already.
                    rig.loop.step()
                    first.cancel()
                    rig.loop.run()
                    second.isCompleted.shouldBeTrue()
                    rig.peer.rawFrames shouldContainExactly listOf("81", "81 32")
                }

                test("sending past the writer is an error, for it would wait for itself") {
                    val rig = ConnectionRig(role)
                    val failure = rig.begin {
                        sendMessage(MessageType.TEXT) { send("x") }
                    }.failure()
                    failure.shouldBeInstanceOf<IllegalStateException>()
                    rig.begin { send("y") }
                    rig.peer.rawFrames shouldContainExactly listOf("81 79")
                }

                test("a peer that does not read holds the writer back") {
                    val rig = ConnectionRig(role, capacity = 1000, maxOutgoingQueueSize = 10_000)
                    rig.peer.stopReading()
                    var written = 0
                    val sending = rig.begin {
                        sendMessage(MessageType.BINARY) {
                            repeat(1000) {
                                write(ByteArray(1000))
                                written++
                            }
                        }
                    }
                    written shouldBeLessThan 20
                    rig.peer.readOn()
                    rig.loop.run()
                    sending.isCompleted.shouldBeTrue()
                    rig.peer.payload().size shouldBe 1_000_000
                }

                test("sending past the writer is an error within another connection's message") {
                    val rig = ConnectionRig(role)
                    val other = ConnectionRig(role)
                    val failure = rig.begin {
                        sendMessage(MessageType.TEXT) {
                            other.connection.sendMessage(MessageType.TEXT) {
                                rig.connection.send("x")
                            }
                        }
                    }.failure()
                    failure.shouldBeInstanceOf<IllegalStateException>()
                    rig.begin { send("y") }
                    rig.peer.rawFrames shouldContainExactly listOf("81 79")
                }

                test("a surrogate pair may be split between two parts, a half alone is replaced") {
                    val rig = ConnectionRig(role)
                    rig.begin {
                        sendMessage(MessageType.TEXT) {
                            write("a\uD83D")
                            write("\uDE00b\uD83D")
                            write("c".encodeToByteArray())
                            write("\uD83D")
                        }
                    }
                    rig.peer.payload().decodeToString() shouldBe "a\uD83D\uDE00b?c?"
                }

                test("a message is fragmented as the call says, the option counts for nothing") {
                    val rig = ConnectionRig(role, autoFragmentSize = 1)
                    rig.begin { send(MessageType.BINARY, byteArrayOf(1, 2, 3, 4), 2) }
                    rig.begin { send(MessageType.BINARY, byteArrayOf(1, 2), 0) }
                    rig.begin { send(MessageType.BINARY, byteArrayOf(1, 2)) }
                    rig.begin { send(MessageType.BINARY, byteArrayOf(1), -1) }.failure()
                        .shouldBeInstanceOf<IllegalArgumentException>()
                    rig.peer.rawFrames shouldContainExactly
                        listOf("02 01 02", "80 03 04", "82 01 02", "02 01", "80 02")
                }

                test("a writer is of no use after its block") {
                    val rig = ConnectionRig(role)
                    var kept: MessageWriter? = null
                    rig.begin { sendMessage(MessageType.TEXT) { kept = this } }
                    rig.begin { kept!!.write("x") }.failure()
                        .shouldBeInstanceOf<IllegalStateException>()
                    rig.begin { kept!!.frame(1) {} }.failure()
                        .shouldBeInstanceOf<IllegalStateException>()
                    rig.peer.rawFrames shouldContainExactly listOf("81")
                }
            }
        }
    })

@OptIn(ExperimentalCoroutinesApi::class)
private fun Deferred<*>.failure() = getCompletionExceptionOrNull()
