package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.NO_SHRINKING
import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.WireFrame
import dev.kobahn.protocol.hex
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.property.Arb
import io.kotest.property.arbitrary.bind
import io.kotest.property.arbitrary.boolean
import io.kotest.property.arbitrary.byte
import io.kotest.property.arbitrary.byteArray
import io.kotest.property.arbitrary.choice
import io.kotest.property.arbitrary.element
import io.kotest.property.arbitrary.int
import io.kotest.property.arbitrary.list
import io.kotest.property.arbitrary.long
import io.kotest.property.arbitrary.map
import io.kotest.property.checkAll
import kotlin.random.Random

/** With arbitrary bytes nothing throws, hangs, or causes events after its end. */
class HostileInputPropertyTest :
    FunSpec({
        test("random bytes do no harm") {
            checkAll(10_000, NO_SHRINKING, bytes(0..200), circumstances) { bytes, how ->
                attack(bytes, how)
            }
        }

        test("frames of all kinds, valid or not, do no harm and reach every violation") {
            val seen = mutableSetOf<String>()
            checkAll(10_000, NO_SHRINKING, Arb.list(frames, 1..8), circumstances) { frames, how ->
                val bytes = frames.map { it.encode() }.reduce(ByteArray::plus)
                seen += attack(bytes, how).filter { it.startsWith("failure") }
            }
            // A header's length is written in the shortest form here.
            seen shouldContainAll
                (Violation.entries - Violation.LENGTH_NOT_MINIMAL - OF_EXTENSIONS).map {
                    "failure $it"
                }
        }
    })

private class Circumstances(val configuration: Int, val direct: Boolean, val seed: Int) {
    override fun toString() = "configuration $configuration, direct $direct, seed $seed"
}

private val circumstances =
    Arb.bind(Arb.int(0..127), Arb.boolean(), Arb.int()) { a, b, c -> Circumstances(a, b, c) }

private fun attack(bytes: ByteArray, how: Circumstances): List<String> {
    val random = Random(how.seed)
    val longest = 1 + random.nextInt(bytes.size + 1)
    val input = HostileInput(HostileInput.config(how.configuration))
    input.feed(bytes, how.direct) { random.nextInt(longest + 1) }
    input.checkOutput()
    return input.events
}

private fun bytes(sizes: IntRange) = Arb.byteArray(Arb.int(sizes), Arb.byte())

private val firsts = Arb.choice(
    Arb.element(0x01, 0x02, 0x00, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A),
    Arb.int(0..255),
)

private val payloads = Arb.choice(
    bytes(0..130),
    bytes(490..600),
    Arb.element("03 e8", "03 e8 61", "03 e8 ff", "03", "03 ed", "61 c3 a4", "e2 82", "").map(::hex),
)

/** Mostly true lengths, some false ones. */
private val frames = Arb.bind(
    firsts,
    payloads,
    Arb.choice(Arb.element(ProtocolEnd.KEY, 0, null), Arb.int()),
    Arb.choice(Arb.long(-1L..-1L), Arb.long(-1L..-1L), Arb.long(0L..200L), Arb.long()),
    Arb.boolean(),
) { first, payload, key, length, honest ->
    WireFrame(first, payload, key, if (honest) payload.size.toLong() else length)
}
