package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.ProtocolPair
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.WireFrame
import dev.kobahn.protocol.bothRoles
import dev.kobahn.protocol.hex
import dev.kobahn.protocol.toHex
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import java.util.concurrent.CyclicBarrier
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit

class ProtocolSendTest :
    FunSpec({
        val hello = "Hello".encodeToByteArray()

        test("the frames of RFC 6455 section 5.7 are sent as they stand there") {
            val server = ProtocolEnd(Role.SERVER)
            server.protocol.sendMessage(MessageType.TEXT, hello)
            server.output.takeAll() shouldBe hex("81 05 48 65 6c 6c 6f")
            server.protocol.sendMessage(MessageType.TEXT, hello, fragmentSize = 3)
            server.output.takeAll() shouldBe hex("01 03 48 65 6c 80 02 6c 6f")
            server.protocol.sendPing(hello)
            server.output.takeAll() shouldBe hex("89 05 48 65 6c 6c 6f")
            val client = ProtocolEnd(Role.CLIENT)
            client.protocol.sendMessage(MessageType.TEXT, hello)
            client.output.takeAll() shouldBe hex("81 85 37 fa 21 3d 7f 9f 4d 51 58")
            client.protocol.sendPong(hello)
            client.output.takeAll() shouldBe hex("8a 85 37 fa 21 3d 7f 9f 4d 51 58")
        }

        bothRoles("every length has its shortest form") {
            mapOf(
                0 to "00", 1 to "01", 124 to "7c", 125 to "7d",
                126 to "7e 00 7e", 127 to "7e 00 7f", 65534 to "7e ff fe", 65535 to "7e ff ff",
                65536 to "7f 00 00 00 00 00 01 00 00", 65537 to "7f 00 00 00 00 00 01 00 01",
            ).forEach { (length, form) ->
                val end = ProtocolEnd(role)
                val data = ByteArray(length) { (it * 7).toByte() }
                end.protocol.sendMessage(MessageType.BINARY, data) shouldBe true
                val bytes = end.output.takeAll()
                val expected = hex("82 $form")
                if (role == Role.CLIENT) expected[1] = (expected[1].toInt() or 0x80).toByte()
                bytes.copyOf(expected.size) shouldBe expected
                WireFrame.readAll(bytes).single().payload shouldBe data
            }
        }

        bothRoles("a message is cut into frames of the size asked for, the last one with FIN") {
            mapOf(
                (5 to 2) to listOf("01 61 62", "00 63 64", "80 65"),
                (5 to 1) to listOf("01 61", "00 62", "00 63", "00 64", "80 65"),
                (4 to 3) to listOf("01 61 62 63", "80 64"),
                (5 to 5) to listOf("81 61 62 63 64 65"),
                (5 to 6) to listOf("81 61 62 63 64 65"),
                (5 to 0) to listOf("81 61 62 63 64 65"),
                (5 to -1) to listOf("81 61 62 63 64 65"),
                (5 to Int.MAX_VALUE) to listOf("81 61 62 63 64 65"),
            ).forEach { (sizes, frames) ->
                val end = ProtocolEnd(role)
                val bytes = "abcde".take(sizes.first).encodeToByteArray()
                end.protocol.sendMessage(MessageType.TEXT, bytes, sizes.second) shouldBe true
                end.sent() shouldBe frames
            }
        }

        bothRoles("a multiple of the fragment size gets no empty frame at its end") {
            val end = ProtocolEnd(role)
            end.protocol.sendMessage(MessageType.BINARY, ByteArray(8), fragmentSize = 4)
            end.sent().shouldContainExactly("02 00 00 00 00", "80 00 00 00 00")
        }

        bothRoles("an empty message is one empty frame") {
            val end = ProtocolEnd(role)
            end.protocol.sendMessage(MessageType.TEXT, ByteArray(0))
            end.protocol.sendMessage(MessageType.BINARY, ByteArray(0), fragmentSize = 1)
            end.sent().shouldContainExactly("81", "82")
        }

        test("every frame a client sends has a key of its own") {
            var next = 0
            val end = ProtocolEnd(ProtocolConfig(Role.CLIENT)) { ++next * 0x01020304 }
            end.protocol.sendMessage(MessageType.BINARY, ByteArray(5), fragmentSize = 2)
            end.protocol.sendPing()
            end.protocol.sendClose()
            val frames = WireFrame.readAll(end.output.takeAll())
            frames.map { it.key } shouldBe (1..5).map { it * 0x01020304 }
            frames.map {
                it.toString()
            }.shouldContainExactly("02 00 00", "00 00 00", "80 00", "ping", "close 1000")
        }

        test("a payload of any size is masked with its key and the caller's array stays as it is") {
            listOf(1, 7, 15, 16, 17, 2048, 2049, 70_001).forEach { length ->
                val end = ProtocolEnd(Role.CLIENT)
                val data = ByteArray(length) { it.toByte() }
                end.protocol.sendMessage(MessageType.BINARY, data)
                WireFrame.readAll(end.output.takeAll()).single().payload shouldBe
                    ByteArray(length) { it.toByte() }
                data shouldBe ByteArray(length) { it.toByte() }
            }
        }

        test("a server may be told to mask, a client not to") {
            val server = ProtocolEnd(ProtocolConfig(Role.SERVER, maskOutgoing = true))
            server.protocol.sendMessage(MessageType.TEXT, hello)
            server.output.takeAll() shouldBe hex("81 85 37 fa 21 3d 7f 9f 4d 51 58")
            val client = ProtocolEnd(ProtocolConfig(Role.CLIENT, maskOutgoing = false))
            client.protocol.sendMessage(MessageType.TEXT, hello)
            client.output.takeAll() shouldBe hex("81 05 48 65 6c 6c 6f")
        }

        test("a key that is not applied is on the wire all the same") {
            val client = ProtocolEnd(ProtocolConfig(Role.CLIENT, applyMask = false))
            client.protocol.sendMessage(MessageType.TEXT, hello)
            client.output.takeAll() shouldBe hex("81 85 37 fa 21 3d 48 65 6c 6c 6f")
        }

        bothRoles("a control payload has at most 125 bytes") {
            val end = ProtocolEnd(role)
            end.protocol.sendPing(ByteArray(125)) shouldBe true
            end.protocol.sendPong(ByteArray(125)) shouldBe true
            end.output.clear()
            shouldThrow<IllegalArgumentException> { end.protocol.sendPing(ByteArray(126)) }
            shouldThrow<IllegalArgumentException> { end.protocol.sendPong(ByteArray(126)) }
            end.output.isEmpty shouldBe true
        }

        bothRoles("messages of several threads stay whole") {
            val pair = ProtocolPair(maskingKeys = { Thread.currentThread().hashCode() })
            val (from, to) = pair.endsFrom(role)
            inThreads(THREADS) { thread ->
                repeat(MESSAGES) {
                    from.protocol.sendMessage(
                        MessageType.BINARY,
                        ByteArray(100) {
                            thread.toByte()
                        },
                        1 + it % 40,
                    )
                    from.protocol.sendPing(byteArrayOf(thread.toByte()))
                }
            }
            to.protocol.receive(ByteBuffer.wrap(from.output.takeAll()))
            to.protocol.failure shouldBe null
            val sent = (0 until THREADS).map { ByteArray(100) { _ -> it.toByte() }.toHex() }
            to.events.messages shouldContainExactlyInAnyOrder
                sent.flatMap { m -> List(MESSAGES) { "binary $m" } }
        }

        bothRoles("if several threads close, one Close is sent, and nothing follows") {
            repeat(50) {
                val end = ProtocolEnd(role)
                val closes = inThreads(THREADS) { thread ->
                    end.protocol.sendMessage(MessageType.BINARY, ByteArray(4))
                    end.protocol.sendClose(4000 + thread).also {
                        end.protocol.sendPing() shouldBe
                            false
                    }
                }
                closes.count { it } shouldBe 1
                val frames = end.sent()
                frames.count { it.startsWith("close") } shouldBe 1
                frames.last() shouldBe "close ${end.protocol.localClose}"
            }
        }
    })

private const val THREADS = 4
private const val MESSAGES = 200

/** Runs [action] in [count] threads that start together; the results in order. */
private fun <T> inThreads(count: Int, action: (Int) -> T): List<T> {
    val barrier = CyclicBarrier(count)
    val executor = Executors.newFixedThreadPool(count)
    try {
        return (0 until count)
            .map { index ->
                executor.submit<T> {
                    barrier.await()
                    action(index)
                }
            }.map { it.get(60, TimeUnit.SECONDS) }
    } finally {
        executor.shutdownNow()
    }
}
