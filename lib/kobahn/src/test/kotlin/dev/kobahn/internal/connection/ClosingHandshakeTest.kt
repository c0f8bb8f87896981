package dev.kobahn.internal.connection

import dev.kobahn.CloseStatus.Initiator
import dev.kobahn.ConnectionClosedException
import dev.kobahn.protocol.CloseFrame
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Role
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

@OptIn(kotlinx.coroutines.ExperimentalCoroutinesApi::class)
class ClosingHandshakeTest :
    FunSpec({
        for (role in Role.entries) {
            context("as $role") {
                test(
                    "the peer's Close is answered with 1000 and the end is clean, with the peer's code",
                ) {
                    val rig = ConnectionRig(role)
                    rig.receive(rig.peer.close(3001, "bye"))
                    rig.peer.end()
                    rig.loop.run()
                    rig.peer.frames shouldContainExactly listOf("close 1000")
                    val status = rig.connection.closeStatus.shouldNotBeNull()
                    status.wasClean.shouldBeTrue()
                    status.code shouldBe 3001
                    status.reason shouldBe "bye"
                    status.initiator shouldBe Initiator.REMOTE
                    status.local?.code shouldBe 1000
                    status.cause.shouldBeNull()
                }

                test("a Close without a code is reported as 1005") {
                    val rig = ConnectionRig(role)
                    rig.receive(rig.peer.close())
                    rig.peer.end()
                    rig.loop.run()
                    rig.connection.closeStatus.shouldNotBeNull().code shouldBe 1005
                    rig.connection.closeStatus?.wasClean shouldBe true
                }

                test("the peer's Close is echoed where the option says so") {
                    val rig = ConnectionRig(role, echoCloseCodeReason = true)
                    rig.receive(rig.peer.close(3001, "bye"))
                    rig.peer.frames shouldContainExactly listOf("close 3001")
                }

                test("our Close, answered, is a clean end with the peer's code, begun by us") {
                    val rig = ConnectionRig(role)
                    val closing = rig.begin { close(3000, "done") }
                    rig.receive(rig.peer.close(3001))
                    rig.peer.end()
                    rig.loop.run()
                    val status = closing.getCompleted()
                    status.wasClean.shouldBeTrue()
                    status.code shouldBe 3001
                    status.local shouldBe CloseFrame.of(3000, "done")
                    status.initiator shouldBe Initiator.LOCAL
                }

                test("our Close waits for the peer's exactly as long as closeHandshakeTimeout") {
                    val rig = ConnectionRig(role, closeHandshakeTimeout = 1.seconds)
                    val closing = rig.begin { close(1000, "") }
                    rig.loop.advanceBy(1.seconds - TICK)
                    closing.isCompleted.shouldBeFalse()
                    rig.loop.advanceBy(TICK)
                    val status = closing.getCompleted()
                    status.wasClean.shouldBeFalse()
                    status.code shouldBe 1006
                    status.initiator shouldBe Initiator.LOCAL
                    status.cause.shouldBeInstanceOf<IOException>()
                    rig.peer.inputEnded.shouldBeTrue()
                }

                test("a closeHandshakeTimeout of zero waits for ever") {
                    val rig = ConnectionRig(role, closeHandshakeTimeout = Duration.ZERO)
                    val closing = rig.begin { close(1000, "") }
                    rig.loop.advanceBy(1000.seconds)
                    closing.isCompleted.shouldBeFalse()
                }

                test(
                    "after both Close frames the peer has dropTimeout to end the transport, and the end is clean",
                ) {
                    val rig = ConnectionRig(role, dropTimeout = 2.seconds)
                    rig.peer.endsToo = false
                    val closing = rig.begin { close(1000, "") }
                    rig.receive(rig.peer.close(1000))
                    rig.peer.inputEnded shouldBe (role == Role.SERVER)
                    rig.loop.advanceBy(2.seconds - TICK)
                    closing.isCompleted.shouldBeFalse()
                    rig.loop.advanceBy(TICK)
                    closing.getCompleted().wasClean.shouldBeTrue()
                }

                test("a message in hand does not delay the end of what was closed here") {
                    val rig = ConnectionRig(role, handlerOnLoop = false)
                    rig.receive(rig.peer.text("hello"))
                    rig.begin { incoming.receive() }
                    val closing = rig.begin { close(1000, "") }
                    rig.receive(rig.peer.close(1000))
                    rig.peer.end()
                    rig.loop.run()
                    closing.getCompleted().wasClean.shouldBeTrue()
                    rig.loop.pendingTimers shouldBe 0
                }

                test("no timer outlives the connection") {
                    val rig = ConnectionRig(role)
                    val closing = rig.begin { close(1000, "") }
                    rig.peer.vanish(IOException("reset"))
                    rig.loop.run()
                    closing.getCompleted().wasClean.shouldBeFalse()
                    rig.loop.pendingTimers shouldBe 0
                }

                test("no timer is set by a close that comes after the end") {
                    val rig = ConnectionRig(role)
                    rig.peer.vanish(IOException("reset"))
                    rig.loop.run()
                    val status = rig.begin { close(1000, "") }.getCompleted()
                    rig.loop.pendingTimers shouldBe 0
                    status shouldBe rig.connection.closeStatus
                    status.local.shouldBeNull()
                    rig.connection.closedException().status.local.shouldBeNull()
                }

                test(
                    "a Close that still waits for the application is forgotten with the transport",
                ) {
                    val rig = ConnectionRig(role, handlerOnLoop = false)
                    rig.receive(rig.peer.text("unread"), rig.peer.close(1000))
                    rig.peer.vanish(IOException("reset"))
                    rig.loop.run()
                    rig.loop.pendingTimers shouldBe 0
                    rig.connection.closedException().status.local.shouldBeNull()
                }

                test(
                    "a violation is answered with its Close, after which only a Close is looked for",
                ) {
                    val rig = ConnectionRig(role)
                    rig.receive(
                        rig.peer.violation(),
                        rig.peer.text("ignored"),
                        rig.peer.ping("ignored"),
                    )
                    rig.peer.frames shouldContainExactly listOf("close 1002")
                    rig.connection.closeStatus.shouldBeNull()
                    rig.receive(rig.peer.text("ignored"), rig.peer.close(1002))
                    rig.peer.end()
                    rig.loop.run()
                    val status = rig.connection.closeStatus.shouldNotBeNull()
                    status.wasClean.shouldBeFalse()
                    status.initiator shouldBe Initiator.LOCAL
                    status.local?.code shouldBe 1002
                    status.code shouldBe 1002
                    status.cause.shouldBeInstanceOf<ProtocolException>()
                    rig.begin { incoming.tryReceive().exceptionOrNull() }.getCompleted()
                        .shouldBeInstanceOf<ConnectionClosedException>()
                }

                test(
                    "a peer that broke a rule and does not close is dropped after closeHandshakeTimeout",
                ) {
                    val rig = ConnectionRig(role, closeHandshakeTimeout = 1.seconds)
                    rig.peer.endsToo = false
                    rig.receive(rig.peer.violation())
                    rig.loop.advanceBy(1.seconds - TICK)
                    rig.connection.closeStatus.shouldBeNull()
                    rig.loop.advanceBy(TICK)
                    rig.connection.closeStatus.shouldNotBeNull().code shouldBe 1002
                }

                test("a peer that broke a rule and ended its direction still reads why") {
                    val rig = ConnectionRig(role)
                    rig.peer.send(rig.peer.violation())
                    rig.peer.end()
                    rig.loop.run()
                    rig.peer.frames shouldContainExactly listOf("close 1002")
                    rig.connection.closeStatus.shouldNotBeNull()
                        .cause.shouldBeInstanceOf<ProtocolException>()
                }

                test("with failByDrop a violation ends the transport without a Close") {
                    val rig = ConnectionRig(role, failByDrop = true)
                    rig.receive(rig.peer.violation())
                    rig.peer.frames shouldContainExactly emptyList()
                    val status = rig.connection.closeStatus.shouldNotBeNull()
                    status.local.shouldBeNull()
                    status.wasClean.shouldBeFalse()
                    status.cause.shouldBeInstanceOf<ProtocolException>()
                    rig.loop.pendingTimers shouldBe 0
                }

                test("a transport that ends without a Close is 1006, by the peer") {
                    val rig = ConnectionRig(role)
                    rig.peer.end()
                    rig.loop.run()
                    val status = rig.connection.closeStatus.shouldNotBeNull()
                    status.code shouldBe 1006
                    status.initiator shouldBe Initiator.REMOTE
                    status.cause.shouldBeInstanceOf<IOException>()
                    val receiving = rig.begin { incoming.receive() }
                    receiving.getCompletionExceptionOrNull()
                        .shouldBeInstanceOf<ConnectionClosedException>()
                        .status.code shouldBe 1006
                }

                test("a transport that fails is 1006, by the peer, with the cause") {
                    val rig = ConnectionRig(role)
                    val reset = IOException("reset")
                    rig.peer.vanish(reset)
                    rig.loop.run()
                    val status = rig.connection.closeStatus.shouldNotBeNull()
                    status.cause shouldBe reset
                    status.initiator shouldBe Initiator.REMOTE
                }

                test(
                    "a transport that ends after our Close but before the peer's is 1006, begun by us",
                ) {
                    val rig = ConnectionRig(role)
                    val closing = rig.begin { close(1000, "") }
                    rig.peer.end()
                    rig.loop.run()
                    val status = closing.getCompleted()
                    status.code shouldBe 1006
                    status.wasClean.shouldBeFalse()
                    status.initiator shouldBe Initiator.LOCAL
                    rig.peer.frames shouldContainExactly listOf("close 1000")
                }

                test("drop ends the connection at once, without a Close") {
                    val rig = ConnectionRig(role)
                    rig.connection.drop()
                    rig.loop.run()
                    rig.peer.frames shouldContainExactly emptyList()
                    rig.peer.inputEnded.shouldBeTrue()
                    val status = rig.connection.closeStatus.shouldNotBeNull()
                    status.wasClean.shouldBeFalse()
                    status.initiator shouldBe Initiator.LOCAL
                }

                for (code in listOf(1002, 1007, 1009, 1011)) {
                    test("$code from here is never clean, from the peer it is") {
                        val ours = ConnectionRig(role)
                        val closing = ours.begin { close(code, "") }
                        ours.receive(ours.peer.close(1000))
                        ours.peer.end()
                        ours.loop.run()
                        closing.getCompleted().wasClean.shouldBeFalse()

                        val theirs = ConnectionRig(role, echoCloseCodeReason = true)
                        theirs.receive(theirs.peer.close(code))
                        theirs.peer.end()
                        theirs.loop.run()
                        theirs.connection.closeStatus.shouldNotBeNull().wasClean.shouldBeTrue()
                    }
                }

                test("when both close at once it is clean and begun by whoever was first") {
                    val rig = ConnectionRig(role)
                    rig.peer.send(rig.peer.close(3001))
                    val closing = rig.begin { close(3000, "") }
                    rig.peer.end()
                    rig.loop.run()
                    rig.peer.frames shouldContainExactly listOf("close 3000")
                    closing.getCompleted().wasClean.shouldBeTrue()
                    closing.getCompleted().initiator shouldBe Initiator.LOCAL
                }

                test("an invalid Close is a violation, and the peer's Close as well") {
                    val rig = ConnectionRig(role)
                    rig.receive(rig.peer.close(1005))
                    rig.peer.end()
                    rig.loop.run()
                    rig.peer.frames shouldContainExactly listOf("close 1002")
                    val status = rig.connection.closeStatus.shouldNotBeNull()
                    status.wasClean.shouldBeFalse()
                    status.remote.shouldBeNull()
                    status.code shouldBe 1002
                }

                test("a code that must not be sent is refused and changes nothing") {
                    val rig = ConnectionRig(role)
                    for (code in listOf(999, 1004, 1005, 1006, 1015, 2999, 5000)) {
                        val closing = rig.begin { close(code, "") }
                        closing.getCompletionExceptionOrNull()
                            .shouldBeInstanceOf<IllegalArgumentException>()
                    }
                    rig.receive(rig.peer.ping("still here"))
                    rig.peer.frames shouldContainExactly listOf("pong still here")
                }

                test(
                    "more messages than the queue holds and a Close are followed to the end of the transport",
                ) {
                    val rig = ConnectionRig(role, maxIncomingQueueSize = 100, handlerOnLoop = false)
                    val big = "x".repeat(101)
                    rig.peer.send(rig.peer.text(big), rig.peer.text(big), rig.peer.close(1000))
                    rig.peer.end()
                    rig.loop.advanceBy(250.milliseconds)
                    rig.peer.frames shouldContainExactly listOf("close 1000")
                    rig.connection.closeStatus.shouldNotBeNull().wasClean.shouldBeTrue()
                    val received = rig.begin { listOf(incoming.receive(), incoming.receive()) }
                    received.getCompleted().size shouldBe 2
                    val end = shouldThrow<ConnectionClosedException> {
                        rig.begin { incoming.receive() }.getCompleted()
                    }
                    end.status.wasClean.shouldBeTrue()
                    end.status.code shouldBe 1000
                }

                test(
                    "more messages than the queue holds and a violation are followed by the search for a Close",
                ) {
                    val rig = ConnectionRig(role, maxIncomingQueueSize = 100, handlerOnLoop = false)
                    rig.receive(rig.peer.text("x".repeat(101)), rig.peer.violation())
                    rig.loop.advanceBy(250.milliseconds)
                    rig.peer.frames shouldContainExactly listOf("close 1002")
                    rig.receive(rig.peer.close(1002))
                    rig.peer.end()
                    rig.loop.run()
                    rig.connection.closeStatus.shouldNotBeNull().remote?.code shouldBe 1002
                }
            }
        }
    })
