package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.Side
import dev.kobahn.protocol.ViolationTest
import dev.kobahn.protocol.bothRoles
import dev.kobahn.protocol.hex
import dev.kobahn.protocol.toHex
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe

/** Valid frames: RFC 6455 section 5. [ViolationTest] has the invalid ones. */
class FrameReceiverTest :
    FunSpec({
        val hello = "48 65 6c 6c 6f"
        val wholeHello = listOf("text", "frame 5", "data $hello", "/frame", "/message")

        context("the examples of RFC 6455 section 5.7") {
            val client = Side(Role.CLIENT)
            val server = Side(Role.SERVER)

            test("a single-frame unmasked text message") {
                client.receiving(hex("81 05 $hello")).events shouldBe wholeHello
            }

            test("a single-frame masked text message") {
                server.receiving(hex("81 85 37 fa 21 3d 7f 9f 4d 51 58")).events shouldBe wholeHello
            }

            test("a fragmented unmasked text message") {
                client.receiving(hex("01 03 48 65 6c 80 02 6c 6f")).events.shouldContainExactly(
                    "text",
                    "frame 3",
                    "data 48 65 6c",
                    "/frame",
                    "frame 2",
                    "data 6c 6f",
                    "/frame",
                    "/message",
                )
            }

            test("an unmasked Ping and the masked Pong that answers it") {
                val outcome = client.receiving(hex("89 05 $hello"))
                outcome.events.shouldContainExactly("ping $hello")
                outcome.sent.shouldContainExactly("pong $hello")
                val end = ProtocolEnd(Role.CLIENT)
                end.receive(hex("89 05 $hello"))
                end.output.takeAll() shouldBe hex("8a 85 37 fa 21 3d 7f 9f 4d 51 58")
            }

            test("256 bytes of binary data in one unmasked frame") {
                val data = ByteArray(256) { it.toByte() }
                client.receiving(hex("82 7e 01 00") + data).events
                    .shouldContainExactly(
                        "binary",
                        "frame 256",
                        "data ${data.toHex()}",
                        "/frame",
                        "/message",
                    )
            }

            test("64 KiB of binary data in one unmasked frame") {
                val data = ByteArray(65536) { it.toByte() }
                client.receiving(hex("82 7f 00 00 00 00 00 01 00 00") + data).events
                    .shouldContainExactly(
                        "binary",
                        "frame 65536",
                        "data ${data.toHex()}",
                        "/frame",
                        "/message",
                    )
            }
        }

        bothRoles("every form of length carries its payload") {
            listOf(0, 1, 2, 124, 125, 126, 127, 128, 65534, 65535, 65536, 65537).forEach { length ->
                val data = ByteArray(length) { (it * 31).toByte() }
                val chunk = if (length == 0) emptyList() else listOf("data ${data.toHex()}")
                receiving(frame(0x82, data)).events shouldBe
                    listOf("binary", "frame $length") + chunk + listOf("/frame", "/message")
            }
        }

        bothRoles("a length of up to 63 bits is announced before its payload arrives") {
            val unlimited = ProtocolConfig(role, maxMessagePayloadSize = 0)
            receiving(frame(0x82, "01 02", Long.MAX_VALUE), unlimited).events
                .shouldContainExactly("binary", "frame ${Long.MAX_VALUE}", "data 01 02")
        }

        bothRoles("control frames may stand between the fragments of a message") {
            val bytes =
                frame(0x01, "e2") + frame(0x89, "01") + frame(0x00, "82") + frame(0x8A, "02") +
                    frame(0x89) + frame(0x80, "ac") + frame(0x88, "03 e8")
            val outcome = receiving(bytes)
            outcome.events.shouldContainExactly(
                "text", "frame 1", "data e2", "/frame", "ping 01",
                "frame 1", "data 82", "/frame", "pong 02", "ping",
                "frame 1", "data ac", "/frame", "/message", "close 1000",
            )
            outcome.sent.shouldContainExactly("pong 01", "pong", "close 1000")
        }

        bothRoles("empty fragments are frames too") {
            receiving(frame(0x02) + frame(0x00) + frame(0x80)).events
                .shouldContainExactly(
                    "binary",
                    "frame 0",
                    "/frame",
                    "frame 0",
                    "/frame",
                    "frame 0",
                    "/frame",
                    "/message",
                )
        }

        bothRoles("control frames carry up to 125 bytes") {
            val payload = ByteArray(125) { it.toByte() }
            val outcome = receiving(frame(0x89, payload) + frame(0x8A, payload))
            outcome.events.shouldContainExactly(
                "ping ${payload.toHex()}",
                "pong ${payload.toHex()}",
            )
            outcome.sent.shouldContainExactly("pong ${payload.toHex()}")
        }

        bothRoles("messages follow one another, each text validated afresh") {
            receiving(
                frame(0x81, "c3 a4") + frame(0x82, "c3") + frame(0x81, "61"),
            ).events.shouldContainExactly(
                "text", "frame 2", "data c3 a4", "/frame", "/message",
                "binary", "frame 1", "data c3", "/frame", "/message",
                "text", "frame 1", "data 61", "/frame", "/message",
            )
        }

        bothRoles("an invalid byte of text fails the connection though its frame is unfinished") {
            val outcome = receiving(frame(0x01, "61 e2 82") + frame(0x00, "28", declared = 1000))
            outcome.events.last() shouldBe "failure TEXT_NOT_UTF8"
            outcome.sent.shouldContainExactly("close 1007 text must be UTF-8: byte 3")
        }

        bothRoles("text that ends inside a code point fails at its end, not before") {
            val open = receiving(frame(0x01, "e2 82"))
            open.events.shouldContainExactly("text", "frame 2", "data e2 82", "/frame")
            receiving(frame(0x01, "e2 82") + frame(0x80)).sent
                .shouldContainExactly("close 1007 text must be UTF-8: it ends inside a code point")
        }

        bothRoles("text is not checked when that is turned off, a close reason always is") {
            val config = ProtocolConfig(role, utf8validateIncoming = false)
            receiving(frame(0x81, "ff e2"), config).events
                .shouldContainExactly("text", "frame 2", "data ff e2", "/frame", "/message")
            receiving(frame(0x88, "03 e8 ff"), config).events
                .shouldContainExactly("failure CLOSE_REASON_NOT_UTF8")
        }

        bothRoles("a message as long as the limit is taken, in one frame or several") {
            val config = ProtocolConfig(role, maxMessagePayloadSize = 4, maxFramePayloadSize = 4)
            receiving(frame(0x82, ByteArray(4)), config).failure shouldBe null
            val fragments = frame(0x02, ByteArray(3)) + frame(0x00, ByteArray(1)) + frame(0x80)
            receiving(fragments + fragments, config).failure shouldBe null
        }

        bothRoles("a size limit is enforced at the header, before any payload and any event") {
            val header = frame(0x82, declared = 5)
            receiving(header, ProtocolConfig(role, maxMessagePayloadSize = 4)).events
                .shouldContainExactly("failure MESSAGE_TOO_BIG")
            receiving(header, ProtocolConfig(role, maxFramePayloadSize = 4)).events
                .shouldContainExactly("failure FRAME_TOO_BIG")
        }

        bothRoles("the message limit is checked before that of the frame") {
            val config = ProtocolConfig(role, maxMessagePayloadSize = 4, maxFramePayloadSize = 4)
            receiving(frame(0x82, declared = 5), config).failure shouldBe
                "the message is too big: more than 4 bytes"
        }

        bothRoles("a sum of lengths that overflows is too big") {
            val config = ProtocolConfig(role, maxMessagePayloadSize = Long.MAX_VALUE)
            val bytes = frame(0x02, ByteArray(1)) + frame(0x80, declared = Long.MAX_VALUE)
            receiving(bytes, config).events.last() shouldBe "failure MESSAGE_TOO_BIG"
        }

        bothRoles("of several broken rules the first one counts, once") {
            // Reserved bits, no FIN and a reserved control opcode with too long a payload.
            val bytes = frame(0x7B, ByteArray(200)) + frame(0xFF)
            val outcome = receiving(bytes)
            outcome.events.shouldContainExactly("failure RESERVED_BITS_SET")
            outcome.sent.shouldContainExactly("close 1002 reserved bits must be zero")
        }

        bothRoles("bytes after a Close cause no event") {
            val outcome =
                receiving(
                    frame(0x88, "03 e8 6f 6b") + frame(0x81, "61") + frame(0x89) + hex("ff ff"),
                )
            outcome.events.shouldContainExactly("close 1000 ok")
            outcome.sent.shouldContainExactly("close 1000")
        }

        bothRoles("bytes after an invalid Close cause no event") {
            val outcome = receiving(frame(0x88, "03") + frame(0x88, "03 e8") + frame(0x89))
            outcome.events.shouldContainExactly("failure CLOSE_PAYLOAD_OF_ONE_BYTE")
            outcome.sent.shouldContainExactly("close 1002 a close code has two bytes")
        }

        bothRoles("an unfinished header or frame is no event") {
            listOf("81", "82 7e", "82 7e 01", "82 7f 00 00 00 00 00 01").forEach {
                val cut = header("$it 00 00").copyOf(hex(it).size)
                withClue(it) { receiving(cut).events.shouldBeEmpty() }
            }
            receiving(frame(0x89, ByteArray(3), declared = 4)).events.shouldBeEmpty()
        }

        test("a server may be told to take unmasked frames, a client masked ones") {
            val lenient = ProtocolConfig(Role.SERVER, requireMasked = false)
            Side(Role.CLIENT).receiving(hex("81 05 $hello"), lenient).events shouldBe wholeHello
            Side(
                Role.SERVER,
            ).receiving(hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"), lenient).events shouldBe
                wholeHello
            val client = ProtocolConfig(Role.CLIENT, acceptMasked = true)
            Side(
                Role.CLIENT,
            ).receiving(hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"), client).events shouldBe
                wholeHello
        }

        test("a masking key of zero is a key like any other") {
            Side(Role.SERVER).receiving(hex("81 85 00 00 00 00 $hello")).events shouldBe wholeHello
        }

        test("a key is not applied when that is turned off") {
            val config = ProtocolConfig(Role.SERVER, applyMask = false)
            Side(Role.SERVER).receiving(hex("81 85 01 02 03 04 $hello"), config).events shouldBe
                wholeHello
        }
    })
