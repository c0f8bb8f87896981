package dev.kobahn.internal.connection

import dev.kobahn.PreparedMessage
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.SegmentPool
import dev.kobahn.protocol.bothRoles
import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.CodecPool
import dev.kobahn.protocol.extension.CountingZlib
import dev.kobahn.protocol.extension.DeflateDecoder
import dev.kobahn.protocol.extension.DeflateEncoder
import dev.kobahn.protocol.extension.DeflateParameters
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.MessageDecoder
import dev.kobahn.protocol.extension.MessageEncoder
import dev.kobahn.protocol.extension.ReservedBits
import dev.kobahn.protocol.extension.TestDecoder
import dev.kobahn.protocol.extension.TestEncoder
import dev.kobahn.protocol.hex
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.io.IOException

/** How many connections; the profile `soak` asks for 100,000. */
private val CONNECTIONS = Integer.getInteger("kobahn.soak.connections", 2_000)

private const val IDLE = 2_000

/** A connection whose messages are compressed: what it costs, and that nothing of it is left. */
class CompressedConnectionTest :
    FunSpec({
        test("however compressed connections end, all that zlib gave them has ended") {
            val zlib = CountingZlib()
            repeat(CONNECTIONS) { index ->
                val rig = ConnectionRig(
                    if (index % 2 == 0) Role.SERVER else Role.CLIENT,
                    extensions = listOf(CountedDeflate(settings[index / 2 % settings.size], zlib)),
                )
                rig.exchange()
                ends[index % ends.size](rig)
                rig.loop.advanceBy(ConnectionRig.LONG)
                rig.peer.closed shouldBe true
            }
            zlib.made shouldBeGreaterThan CONNECTIONS
            zlib.living shouldBe 0
        }

        test(
            "an idle connection without context takeover has nothing of zlib's, and at most a KB more",
        ) {
            val plain = heapOf { idleRig(emptyList()).also { it.exchange(first = 0x82) } }
            val zlib = CountingZlib()
            val deflate = CountedDeflate(withoutTakeover, zlib)
            val compressed = heapOf {
                idleRig(listOf(deflate)).also { it.exchange() }
            }
            zlib.living shouldBe 0
            println(
                "an idle connection: $plain bytes of heap, compressed ${compressed - plain} more",
            )
            compressed - plain shouldBeLessThan 1024
        }

        bothRoles("a message for many is compressed once, and what follows may refer to it") {
            val texts = List(3) { "a message for many, number $it, that repeats itself" }
            val prepared = PreparedMessage(texts[1])
            val zlib = CountingZlib()
            val rigs = List(2) {
                ConnectionRig(
                    role,
                    extensions = listOf(CountedDeflate(DeflateParameters(memLevel = 8), zlib)),
                )
            }
            for (rig in rigs) {
                rig.begin { send(MessageType.TEXT, texts[0].encodeToByteArray()) }
                rig.begin { outgoing.send(prepared) }
                rig.begin { send(MessageType.TEXT, texts[2].encodeToByteArray()) }
                val decoder = TestDecoder()
                val sent = rig.peer.rawFrames.map { hex(it) }
                sent.map { it[0].toInt() and 0xFF } shouldBe List(3) { 0xC1 }
                sent.map { decoder.decode(it.copyOfRange(1, it.size)).decodeToString() } shouldBe
                    texts
                // it knows the one before
                sent[2].size shouldBeLessThanHalfOf sent[1].size
            }
            rigs[0].peer.rawFrames[1] shouldBe rigs[1].peer.rawFrames[1]
            // one for each connection, and one for the message
            zlib.made shouldBe 3
        }
    })

private infix fun Int.shouldBeLessThanHalfOf(other: Int) =
    (2L * this) shouldBeLessThan other.toLong()

private val withoutTakeover =
    DeflateParameters(sendNoContextTakeover = true, receiveNoContextTakeover = true)

private val settings =
    listOf(
        DeflateParameters(),
        withoutTakeover,
        DeflateParameters(10),
        DeflateParameters(memLevel = 8),
    )

/** Without what its loop keeps, which many connections share. */
private fun idleRig(extensions: List<AgreedExtension>) =
    ConnectionRig(Role.SERVER, extensions = extensions, segments = SegmentPool.NONE)

/** Has a message go each way. */
private fun ConnectionRig.exchange(first: Int = 0xC2) {
    begin { send(MessageType.BINARY, BYTES) }
    val received = begin { incoming.receive() }
    receive(peer.frame(first, if (first == 0xC2) COMPRESSED else BYTES))
    check(received.isCompleted)
}

private val BYTES = ByteArray(100)
private val COMPRESSED = TestEncoder().encode(BYTES)

private val ends = listOf<ConnectionRig.() -> Unit>(
    { receive(peer.close(1000)) },
    { begin { close(1000, "") } },
    { begin { drop() } },
    { peer.vanish(IOException("reset")) },
    { receive(peer.frame(0xF2, hex("01"))) },
    { receive(peer.frame(0xC2, hex("ff ff"))) },
    { receive(peer.frame(0x42, hex("f2"))).also { peer.end() } },
    { begin { sendMessage(MessageType.TEXT) { write("a").also { error("b") } } } },
)

/** permessage-deflate that counts what it has of zlib, and keeps nothing in a pool. */
private class CountedDeflate(
    private val settings: DeflateParameters,
    private val zlib: CountingZlib,
) : AgreedExtension {
    override val header = ExtensionHeader("permessage-deflate")
    override val reservedBits get() = ReservedBits.RSV1

    override fun encoder(pool: CodecPool): MessageEncoder = DeflateEncoder.of(settings, pool, zlib)

    override fun decoder(pool: CodecPool): MessageDecoder =
        DeflateDecoder(pool, !settings.receiveNoContextTakeover, zlib)
}

/** The heap that each of many things needs that [make] makes. */
private fun heapOf(make: () -> Any): Long {
    make()
    val before = usedHeap()
    val made = List(IDLE) { make() }
    val after = usedHeap()
    check(made.size == IDLE)
    return (after - before) / IDLE
}

private fun usedHeap(): Long {
    val runtime = Runtime.getRuntime()
    var least = Long.MAX_VALUE
    repeat(4) {
        System.gc()
        least = minOf(least, runtime.totalMemory() - runtime.freeMemory())
    }
    return least
}
