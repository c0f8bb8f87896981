package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.CloseFrame
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.ProtocolPair
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.bothRoles
import dev.kobahn.protocol.hex
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe

/** The closing handshake: RFC 6455 sections 5.5.1 and 7. */
class ProtocolCloseTest :
    FunSpec({
        bothRoles("a Close is answered with 1000") {
            listOf(
                "" to "close",
                "03 e8" to "close 1000",
                "0f a0 6f 6b" to "close 4000 ok",
            ).forEach { (payload, event) ->
                val outcome = receiving(frame(0x88, payload))
                outcome.events.shouldContainExactly(event)
                outcome.sent.shouldContainExactly("close 1000")
            }
        }

        bothRoles("a Close is answered with its own code and reason if that is asked for") {
            val echoing = ProtocolConfig(role, echoCloseCodeReason = true)
            listOf("", "03 e8", "0f a0 6f 6b").forEach {
                val outcome = receiving(frame(0x88, it), echoing)
                outcome.sent shouldBe outcome.events
            }
        }

        bothRoles("the answer to our Close is the end") {
            val end = ProtocolEnd(role)
            end.protocol.closeExpected shouldBe false
            end.protocol.sendClose(1001, "bye") shouldBe true
            end.protocol.closeExpected shouldBe true
            end.sent().shouldContainExactly("close 1001 bye")
            end.receive(frame(0x81, "61") + frame(0x88, "03 e9"))
            end.events.messages.shouldContainExactly("text 61")
            end.protocol.localClose shouldBe CloseFrame.of(1001, "bye")
            end.protocol.remoteClose shouldBe CloseFrame.of(1001, "")
            end.sent().shouldBeEmpty()
        }

        bothRoles("at most one Close is sent and nothing after it") {
            val end = ProtocolEnd(role)
            end.protocol.sendClose(null) shouldBe true
            end.sent().shouldContainExactly("close")
            end.protocol.sendMessage(MessageType.TEXT, ByteArray(1)) shouldBe false
            end.protocol.sendMessage(MessageType.BINARY, ByteArray(9), 2) shouldBe false
            end.protocol.sendPing() shouldBe false
            end.protocol.sendPong() shouldBe false
            end.protocol.sendClose() shouldBe false
            end.protocol.sendDueClose() shouldBe false
            end.receive(frame(0x89, "01") + frame(0xC1))
            end.protocol.outputWritten()
            end.output.isEmpty shouldBe true
        }

        bothRoles("a due Close waits for its owner, which may send messages before it") {
            val end = ProtocolEnd(role)
            end.events.sendsCloseAtOnce = false
            end.receive(frame(0x88, "03 e9"))
            end.output.isEmpty shouldBe true
            end.protocol.localClose shouldBe null
            end.protocol.closeExpected shouldBe true
            end.protocol.sendMessage(MessageType.TEXT, hex("61")) shouldBe true
            end.protocol.sendDueClose() shouldBe true
            end.protocol.sendDueClose() shouldBe false
            end.sent().shouldContainExactly("81 61", "close 1000")
        }

        bothRoles("a Close that is due is sent in place of another") {
            val end = ProtocolEnd(role)
            end.events.sendsCloseAtOnce = false
            end.receive(frame(0x83))
            end.protocol.sendClose(1000, "bye") shouldBe true
            end.sent().shouldContainExactly("close 1002 reserved opcodes must not be used")
            end.protocol.localClose?.code shouldBe 1002
        }

        bothRoles("no Close is due unless something happened") {
            ProtocolEnd(role).protocol.sendDueClose() shouldBe false
        }

        bothRoles("failing is known with its cause, and is expected to end") {
            val end = ProtocolEnd(role)
            end.events.sendsCloseAtOnce = false
            end.receive(frame(0x81, "ff"))
            end.protocol.failure?.violation shouldBe Violation.TEXT_NOT_UTF8
            end.protocol.failure?.closeCode shouldBe 1007
            end.protocol.closeExpected shouldBe true
            end.protocol.closeReceived shouldBe false
            end.receive(frame(0x88, "03 ef"))
            end.protocol.closeReceived shouldBe true
            end.protocol.remoteClose shouldBe CloseFrame.of(1007, "")
        }

        bothRoles("an invalid Close has been received but says nothing") {
            val end = ProtocolEnd(role)
            end.receive(frame(0x88, "03 ed"))
            end.protocol.closeReceived shouldBe true
            end.protocol.remoteClose shouldBe null
            end.protocol.failure?.violation shouldBe Violation.CLOSE_CODE_NOT_ALLOWED
            end.sent().shouldContainExactly(
                "close 1002 the close code must not be on the wire: 1005",
            )
        }

        bothRoles("a Close with an invalid header is the peer's last frame too") {
            val end = ProtocolEnd(role)
            end.receive(frame(0x88, ByteArray(126)))
            end.protocol.failure?.violation shouldBe Violation.CONTROL_FRAME_TOO_LONG
            end.protocol.closeReceived shouldBe true
            end.sent().shouldContainExactly("close 1002 control frames carry at most 125 bytes")
        }

        test("both ends close at once and agree") {
            val pair = ProtocolPair()
            pair.client.protocol.sendClose(1000, "from the client")
            pair.server.protocol.sendClose(1001, "from the server")
            pair.exchange(chunk = 1)
            pair.client.protocol.remoteClose shouldBe CloseFrame.of(1001, "from the server")
            pair.server.protocol.remoteClose shouldBe CloseFrame.of(1000, "from the client")
        }

        test("a failed end and its peer close cleanly with one another") {
            val pair =
                ProtocolPair(serverConfig = ProtocolConfig(Role.SERVER, maxMessagePayloadSize = 10))
            pair.client.protocol.sendMessage(MessageType.BINARY, ByteArray(100_000))
            pair.client.protocol.sendPing()
            pair.exchange(chunk = 1000)
            pair.server.events.list.shouldContainExactly("failure MESSAGE_TOO_BIG", "close 1000")
            pair.client.events.list.shouldContainExactly(
                "close 1009 the message is too big: more than 10 bytes",
            )
        }
    })
