package dev.kobahn.protocol.stream

import dev.kobahn.protocol.NO_SHRINKING
import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.WireFrame
import dev.kobahn.protocol.endpoint.OF_EXTENSIONS
import dev.kobahn.protocol.frame.Frame
import dev.kobahn.protocol.frame.FrameParser
import dev.kobahn.protocol.frame.Opcode
import dev.kobahn.protocol.frame.parseAll
import dev.kobahn.protocol.hex
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.bind
import io.kotest.property.arbitrary.byte
import io.kotest.property.arbitrary.byteArray
import io.kotest.property.arbitrary.choice
import io.kotest.property.arbitrary.element
import io.kotest.property.arbitrary.int
import io.kotest.property.arbitrary.list
import io.kotest.property.arbitrary.long
import io.kotest.property.checkAll
import java.nio.ByteBuffer
import kotlin.random.Random

/** Frames come back as they were built, and a stream has the rules of a protocol. */
class StreamPropertyTest :
    FunSpec({
        test("frames are parsed as they were built, with any keys and cuts") {
            checkAll(2_000, NO_SHRINKING, Arb.list(frames, 1..8), Arb.int()) { sent, seed ->
                val bytes = sent.map { it.build() }.reduce(ByteArray::plus)
                val parser = FrameParser(acceptReservedBits = true)
                cut(bytes, Random(seed)).flatMap(parser::parseAll) shouldBe sent
                parser.bytesWanted shouldBe 2
            }
        }

        test("a stream and a protocol agree on frames of all kinds, valid or not") {
            val seen = mutableSetOf<String?>()
            checkAll(10_000, NO_SHRINKING, Arb.list(wireFrames, 1..8), Arb.int()) { sent, seed ->
                val random = Random(seed)
                val comparison = StreamComparison(random.nextInt())
                val bytes = sent.map { it.encode() }.reduce(ByteArray::plus)
                comparison.feed(bytes) { 1 + random.nextInt(32) }
                seen += comparison.violation
            }
            // A header's length is written in the shortest form here.
            seen shouldContainAll
                (Violation.entries - Violation.LENGTH_NOT_MINIMAL - OF_EXTENSIONS).map { it.name } +
                null
        }

        test("a stream and a protocol agree on random bytes") {
            checkAll(10_000, NO_SHRINKING, bytes(0..200), Arb.int()) { bytes, seed ->
                val random = Random(seed)
                StreamComparison(random.nextInt()).feed(bytes) { 1 + random.nextInt(32) }
            }
        }
    })

/** Cuts [bytes] into pieces of any size, also none, in heap or direct buffers. */
private fun cut(bytes: ByteArray, random: Random): List<ByteBuffer> {
    val pieces = mutableListOf<ByteBuffer>()
    var from = 0
    while (from < bytes.size) {
        val size = minOf(bytes.size - from, random.nextInt(if (random.nextBoolean()) 8 else 5000))
        val piece =
            if (random.nextBoolean()) ByteBuffer.allocate(size) else ByteBuffer.allocateDirect(size)
        piece.put(bytes, from, size).flip()
        pieces += piece
        from += size
    }
    return pieces
}

private fun bytes(sizes: IntRange) = Arb.byteArray(Arb.int(sizes), Arb.byte())

private val keys = Arb.choice(Arb.element(ProtocolEnd.KEY, 0, null), Arb.int())

private val dataFrames = Arb.bind(
    Arb.element(Opcode.CONTINUATION, Opcode.TEXT, Opcode.BINARY),
    Arb.choice(bytes(0..20), bytes(120..130), bytes(2040..5000)),
    keys,
    Arb.int(0..15),
) { opcode, body, key, bits ->
    fun bit(index: Int) = bits shr index and 1 == 1
    Frame(opcode, body, key, bit(3), bit(2), bit(1), bit(0))
}

private val controlFrames =
    Arb.bind(Arb.element(Opcode.CLOSE, Opcode.PING, Opcode.PONG), bytes(0..125), keys) {
            opcode,
            body,
            key,
        ->
        Frame(opcode, body, key)
    }

private val frames = Arb.choice(dataFrames, controlFrames)

private val payloads = Arb.choice(
    bytes(0..130),
    bytes(490..600),
    Arb.element(
        listOf("03 e8", "03 e8 61", "03 e8 ff", "03", "03 ed", "61 c3 a4", "e2 82", "").map(::hex),
    ),
)

/** Mostly true lengths, some false ones. */
private val wireFrames = Arb.bind(
    Arb.choice(
        Arb.element(0x01, 0x02, 0x00, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A),
        Arb.int(0..255),
    ),
    payloads,
    keys,
    Arb.choice(Arb.long(-1L..-1L), Arb.long(0L..200L), Arb.long()),
    Arb.int(0..3),
) { first, payload, key, length, honest ->
    WireFrame(first, payload, key, if (honest > 0) payload.size.toLong() else length)
}
