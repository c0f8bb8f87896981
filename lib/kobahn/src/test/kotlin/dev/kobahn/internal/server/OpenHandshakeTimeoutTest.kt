package dev.kobahn.internal.server

import dev.kobahn.internal.connection.TICK
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldBeEmpty
import io.kotest.matchers.string.shouldStartWith
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.awaitCancellation

/** The time a client has for its request, and the application for its answer. */
class OpenHandshakeTimeoutTest :
    FunSpec({
        fun rig(time: Duration = 5.seconds, handler: suspend () -> Unit = { awaitCancellation() }) =
            ServerRig {
                openHandshakeTimeout = time
                dropTimeout = 2.seconds
                autoPingInterval = Duration.ZERO
                onConnect {
                    handler()
                    accept()
                    awaitCancellation()
                }
            }

        fun ServerRig.shouldAnswerAfter(time: Duration, status: Int) {
            loop.advanceBy(time - TICK)
            answer.toString().shouldBeEmpty()
            loop.advanceBy(TICK)
            answer.toString() shouldStartWith "HTTP/1.1 $status "
        }

        test("a client that sends nothing gets 408 at openHandshakeTimeout, not before") {
            rig().shouldAnswerAfter(5.seconds, 408)
        }

        test("octets that do not complete the request do not prolong openHandshakeTimeout") {
            val rig = rig()
            rig.receive("GET / HTTP/1.1\r\n")
            rig.loop.advanceBy(4.seconds)
            rig.receive("Host: localhost\r\n")
            rig.shouldAnswerAfter(1.seconds, 408)
        }

        test("an application that does not decide is answered for with 503, not before") {
            val rig = rig()
            rig.receive(ServerRig.REQUEST)
            rig.shouldAnswerAfter(5.seconds, 503)
        }

        test("an open WebSocket has no timer left of its opening handshake") {
            val rig = rig(handler = {})
            rig.receive(ServerRig.REQUEST)
            rig.answer.toString() shouldStartWith "HTTP/1.1 101 "
            rig.loop.pendingTimers shouldBe 0
            rig.loop.advanceBy(1000.seconds)
            rig.ended shouldBe false
        }

        test("a transport that is lost early takes the timer of the opening handshake along") {
            for (request in listOf("", "GET / HTTP/1.1\r\n", ServerRig.REQUEST)) {
                val rig = rig()
                rig.receive(request)
                rig.loop.pendingTimers shouldBe 1
                rig.vanish()
                rig.ended shouldBe true
                rig.loop.pendingTimers shouldBe 0
                rig.loop.advanceBy(1000.seconds)
                rig.answer.toString().shouldBeEmpty()
            }
        }

        test("a client that was refused has dropTimeout to end the transport, and no timer stays") {
            val rig = rig()
            rig.receive("POST / HTTP/1.1\r\n\r\n")
            rig.answer.toString() shouldStartWith "HTTP/1.1 405 "
            rig.loop.advanceBy(2.seconds - TICK)
            rig.ended shouldBe false
            rig.loop.advanceBy(TICK)
            rig.ended shouldBe true
            rig.loop.pendingTimers shouldBe 0
        }

        test("a client that was refused and ends the transport leaves no timer") {
            val rig = rig()
            rig.receive("POST / HTTP/1.1\r\n\r\n")
            rig.endInput()
            rig.ended shouldBe true
            rig.loop.pendingTimers shouldBe 0
        }

        test("an openHandshakeTimeout of zero waits for ever") {
            val rig = rig(Duration.ZERO)
            rig.loop.pendingTimers shouldBe 0
            rig.loop.advanceBy(1000.seconds)
            rig.ended shouldBe false
        }
    })
