package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.NO_SHRINKING
import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.ProtocolPair
import dev.kobahn.protocol.bothRoles
import dev.kobahn.protocol.toHex
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.bind
import io.kotest.property.arbitrary.boolean
import io.kotest.property.arbitrary.byte
import io.kotest.property.arbitrary.byteArray
import io.kotest.property.arbitrary.choice
import io.kotest.property.arbitrary.codepoints
import io.kotest.property.arbitrary.int
import io.kotest.property.arbitrary.list
import io.kotest.property.arbitrary.map
import io.kotest.property.arbitrary.string
import io.kotest.property.checkAll
import kotlin.random.Random

/** Each end receives what the other sent, with any fragments, keys and cuts. */
class RoundTripPropertyTest :
    FunSpec({
        bothRoles("messages arrive as they were sent, Pings between them") {
            checkAll(500, NO_SHRINKING, messages, chunks, Arb.int()) { sent, chunk, seed ->
                val keys = Random(seed)
                val pair = ProtocolPair(maskingKeys = { keys.nextInt() })
                val (from, to) = pair.endsFrom(role)
                for (sending in sent) {
                    sending.sendBy(from)
                    if (sending.ping) from.protocol.sendPing(sending.bytes.copyOf(4))
                }
                from.protocol.sendClose(1001, "done")
                pair.exchange(chunk)

                to.events.messages shouldBe
                    sent.map { "${it.type.name.lowercase()} ${it.bytes.toHex()}".trim() }
                val pings = sent.filter { it.ping }.map { it.bytes.copyOf(4).toHex() }
                to.events.list.filter { it.startsWith("ping") } shouldBe pings.map { "ping $it" }
                from.events.list shouldBe pings.map { "pong $it" } + "close 1000"
                to.events.list.last() shouldBe "close 1001 done"
            }
        }

        test("both ends send at once and do not disturb each other") {
            checkAll(200, NO_SHRINKING, messages, messages, chunks) { there, back, chunk ->
                val pair = ProtocolPair()
                there.forEach { it.sendBy(pair.client) }
                back.forEach { it.sendBy(pair.server) }
                pair.exchange(chunk)
                pair.server.events.messages.size shouldBe there.size
                pair.client.events.messages.size shouldBe back.size
                listOf(pair.client, pair.server).forEach { it.protocol.failure shouldBe null }
            }
        }
    })

private class Sending(
    val type: MessageType,
    val bytes: ByteArray,
    val fragmentSize: Int,
    val ping: Boolean,
) {
    fun sendBy(end: ProtocolEnd) = end.protocol.sendMessage(type, bytes, fragmentSize)

    override fun toString() = "$type ${bytes.toHex()} by $fragmentSize, ping $ping"
}

private val chunks = Arb.int(1..3000)

private val sizes = Arb.choice(Arb.int(0..20), Arb.int(120..130), Arb.int(2040..5000))

private val binary = Arb.byteArray(sizes, Arb.byte()).map { MessageType.BINARY to it }

private val text =
    Arb.string(0..60, Arb.codepoints()).map { MessageType.TEXT to it.encodeToByteArray() }

private val payloads = Arb.choice(binary, text)

private val sendings = Arb.bind(payloads, Arb.int(0..300), Arb.boolean()) { payload, size, ping ->
    Sending(payload.first, payload.second, size, ping)
}

private val messages = Arb.list(sendings, 0..8)
