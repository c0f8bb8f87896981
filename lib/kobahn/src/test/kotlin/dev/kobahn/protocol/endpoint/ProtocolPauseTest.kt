package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.ByteQueue
import dev.kobahn.protocol.ProtocolEvents
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Side
import dev.kobahn.protocol.bothRoles
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

/** Receiving that pauses from within an event leaves the rest of its input for later. */
class ProtocolPauseTest :
    FunSpec({
        class Pausing : ProtocolEvents {
            lateinit var protocol: Protocol
            val seen = mutableListOf<String>()

            override fun onMessageEnd() = pause("message")

            override fun onPing(payload: ByteArray) = pause("ping")

            override fun onClose(code: Int?, reason: String) = pause("close $code")

            override fun onFailure(cause: ProtocolException) = pause("failure")

            private fun pause(event: String) {
                seen += event
                protocol.pauseReceiving()
            }
        }

        fun Side.pausing() = Pausing().also {
            it.protocol = Protocol(config, ByteQueue(), { 0 }, it)
        }

        bothRoles("each call goes on behind the event that paused the one before") {
            val events = pausing()
            val message = frame(0x81, "41")
            val ping = frame(0x89, "")
            val input = ByteBuffer.wrap(message + ping + message)
            events.protocol.receive(input)
            events.seen shouldBe listOf("message")
            input.position() shouldBe message.size
            events.protocol.receive(input)
            input.position() shouldBe message.size
            repeat(2) {
                events.protocol.resumeReceiving()
                events.protocol.receive(input)
            }
            events.seen shouldBe listOf("message", "ping", "message")
            input.hasRemaining() shouldBe false
        }

        bothRoles("after a failure everything is consumed, and the peer's Close still found") {
            val events = pausing()
            val input = ByteBuffer.wrap(
                frame(0x83, "41") + frame(0x81, "41") + frame(0x88, "03 e8"),
            )
            events.protocol.receive(input)
            input.hasRemaining() shouldBe false
            events.seen shouldBe listOf("failure", "close 1000")
        }

        bothRoles("after the peer's Close everything is consumed") {
            val events = pausing()
            val input = ByteBuffer.wrap(frame(0x88, "03 e8") + frame(0x81, "41"))
            events.protocol.receive(input)
            input.hasRemaining() shouldBe false
            events.seen shouldBe listOf("close 1000")
        }
    })
