package dev.kobahn.protocol.extension

import dev.kobahn.protocol.Allocation
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.NO_SHRINKING
import dev.kobahn.protocol.whereMeasured
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.int
import io.kotest.property.checkAll
import kotlin.random.Random

class DeflatePropertyTest :
    FunSpec({
        test("messages come back with any settings and pieces") {
            checkAll(200, NO_SHRINKING, Arb.int()) { seed ->
                val random = Random(seed)
                val settings = DeflateParameters(
                    sendWindowBits = random.nextInt(8, 16),
                    sendNoContextTakeover = random.nextBoolean(),
                    compressionLevel = random.nextInt(-1, 10),
                    memLevel = random.nextInt(1, 10),
                )
                val exchange = Exchange(settings, random)
                repeat(random.nextInt(1, 8)) { exchange.message() }
            }
        }

        for ((way, settings) in ways) {
            test("a message of a KiB costs no garbage to speak of, there and back: $way").config(
                enabledOrReasonIf = whereMeasured,
            ) {
                val echo = Echo(settings)
                repeat(500) { echo.turn() }
                Allocation.of { repeat(TURNS) { echo.turn() } } / TURNS shouldBeLessThan 100
            }
        }
    })

private const val TURNS = 1_000

private val ways = mapOf(
    "a kept deflater" to DeflateParameters(memLevel = 8),
    "a borrowed deflater" to DeflateParameters(memLevel = 4),
    "no context takeover" to DeflateParameters(sendNoContextTakeover = true),
    "a small window" to DeflateParameters(sendWindowBits = 9),
    "a small window, no takeover" to
        DeflateParameters(sendWindowBits = 9, sendNoContextTakeover = true),
)

/** Messages of random size and kind, cut at random at both ends. */
private class Exchange(settings: DeflateParameters, private val random: Random) {
    private val bits = settings.windowBits
    private val encoder = DeflateEncoder.of(settings, loopPool())
    private val decoder = DeflateDecoder(loopPool(), settings.takesOver)
    private val peer = LimitedInflater(bits, settings.takesOver)

    fun message() {
        val size = if (random.nextInt(5) == 0) random.nextInt(200_000) else random.nextInt(2_000)
        val bytes = SampleData.entries.random(random).bytes(size, bits, random)
        withClue("$size bytes") {
            val wire = collected { encode(bytes, it) }
            val restored = collected { output ->
                wire.inPieces(random, 1 + random.nextInt(1_000)).forEach {
                    decoder.decode(it, 0, it.size, output)
                }
                decoder.end(output)
            }
            (restored contentEquals bytes) shouldBe true
            (peer.decode(wire) contentEquals bytes) shouldBe true
        }
    }

    private fun encode(bytes: ByteArray, output: ByteSink) {
        if (random.nextInt(4) == 0) {
            encoder.encodeStandalone(bytes, output)
            return encoder.sentStandalone(bytes)
        }
        encoder.begin(MessageType.BINARY, if (random.nextBoolean()) bytes.size.toLong() else -1)
        for (piece in bytes.inPieces(random, 1 + random.nextInt(1, 100_000))) {
            encoder.encode(piece, 0, piece.size, output)
            if (random.nextInt(3) == 0) encoder.flush(output)
        }
        encoder.end(output)
    }
}

/** Sends one message repeatedly from an encoder to a decoder. */
private class Echo(settings: DeflateParameters) {
    private val bytes = SampleData.TEXT.bytes(1_024, 15, Random(1))
    private val pool = loopPool()
    private val encoder = DeflateEncoder.of(settings, pool)
    private val decoder = DeflateDecoder(pool, settings.takesOver)
    private val wire = ByteArray(2_048)
    private var wireSize = 0
    private val toWire = ByteSink { bytes, offset, length ->
        System.arraycopy(bytes, offset, wire, wireSize, length)
        wireSize += length
    }
    private var restored = 0
    private val toNowhere = ByteSink { _, _, length -> restored += length }

    fun turn() {
        wireSize = 0
        restored = 0
        encoder.begin(MessageType.BINARY, bytes.size.toLong())
        encoder.encode(bytes, 0, bytes.size, toWire)
        encoder.end(toWire)
        decoder.decode(wire, 0, wireSize, toNowhere)
        decoder.end(toNowhere)
        check(restored == bytes.size)
    }
}
