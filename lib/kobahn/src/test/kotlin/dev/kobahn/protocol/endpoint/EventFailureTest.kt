package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.ByteQueue
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.ProtocolEvents
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.WireFrame
import dev.kobahn.protocol.bothRoles
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

/** Exceptions that the events' owner throws. */
class EventFailureTest :
    FunSpec({
        bothRoles("a ProtocolException from a data event fails the connection") {
            val bytes = frame(0x82, "01 02 03") + frame(0x88, "03 e8")
            DataEvent.entries.forEach { event ->
                val end =
                    RefusingEnd(config, event) { ProtocolException(Violation.MESSAGE_TOO_BIG) }
                end.protocol.receive(ByteBuffer.wrap(bytes.copyOf()))
                end.seen.shouldContainExactly("failure MESSAGE_TOO_BIG", "close 1000")
                end.protocol.failure?.violation shouldBe Violation.MESSAGE_TOO_BIG
                WireFrame.readAll(end.output.takeAll()).map(WireFrame::toString)
                    .shouldContainExactly("close 1009 the message is too big")
            }
        }

        bothRoles("any other exception passes through") {
            DataEvent.entries.forEach { event ->
                val end = RefusingEnd(config, event) { IllegalStateException("broken") }
                shouldThrow<IllegalStateException> {
                    end.protocol.receive(ByteBuffer.wrap(frame(0x82, "01 02 03")))
                }
                end.protocol.failure shouldBe null
            }
        }

        for ((name, limit) in whereLimited) {
            bothRoles("a message too long for a limit set $name fails at once") {
                val seen = ArrayList<String>()
                val output = ByteQueue()
                lateinit var protocol: Protocol
                val events = object : ProtocolEvents {
                    private fun at(event: String) {
                        seen += event
                        if (event == limit) protocol.limitMessages(3)
                    }

                    override fun onFrameBegin(length: Long) = at("frame")

                    override fun onFrameData(chunk: ByteBuffer) = at("data")

                    override fun onFrameEnd() = at("frame end")

                    override fun onPing(payload: ByteArray) = at("ping")

                    override fun onClose(code: Int?, reason: String) = at("close $code")

                    override fun onFailure(cause: ProtocolException) = at("${cause.violation}")
                }
                protocol = Protocol(config, output, { ProtocolEnd.KEY }, events)
                val bytes = frame(0x02, "01 02 03 04") + frame(0x89, "") +
                    frame(0x00, "05 06") + frame(0x88, "03 e8")
                protocol.receive(ByteBuffer.wrap(bytes))
                val before = listOf("frame", "data", "frame end", "ping")
                seen shouldBe before.take(before.indexOf(limit) + 1) +
                    listOf("MESSAGE_TOO_BIG", "close 1000")
            }
        }
    })

private enum class DataEvent { MESSAGE_BEGIN, FRAME_BEGIN, FRAME_DATA, FRAME_END, MESSAGE_END }

private class RefusingEnd(
    config: ProtocolConfig,
    private val refused: DataEvent,
    private val exception: () -> Exception,
) : ProtocolEvents {
    val output = ByteQueue()
    val protocol = Protocol(config, output, { ProtocolEnd.KEY }, this)
    val seen = mutableListOf<String>()

    private fun refuse(event: DataEvent) {
        if (event == refused) throw exception()
    }

    override fun onMessageBegin(type: MessageType) = refuse(DataEvent.MESSAGE_BEGIN)

    override fun onFrameBegin(length: Long) = refuse(DataEvent.FRAME_BEGIN)

    override fun onFrameData(chunk: ByteBuffer) {
        chunk.get()
        refuse(DataEvent.FRAME_DATA)
    }

    override fun onFrameEnd() = refuse(DataEvent.FRAME_END)

    override fun onMessageEnd() = refuse(DataEvent.MESSAGE_END)

    override fun onClose(code: Int?, reason: String) {
        seen += "close $code"
    }

    override fun onFailure(cause: ProtocolException) {
        seen += "failure ${cause.violation}"
    }
}

private val whereLimited = mapOf(
    "as a frame begins" to "frame",
    "as data comes" to "data",
    "as a frame ends" to "frame end",
    "between two frames" to "ping",
)
