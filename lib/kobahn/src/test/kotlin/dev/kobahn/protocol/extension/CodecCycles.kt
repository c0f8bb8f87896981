package dev.kobahn.protocol.extension

import dev.kobahn.ResidentMemory
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.SegmentPool
import kotlin.random.Random

/** The number of codecs of each direction that come and go. */
internal const val PAIRS = 100_000

/** The number of codecs of a kind that a pool of these tests keeps. */
internal const val CAPACITY = 4

/** Prints the number of bytes by which this process grows while [PAIRS] of codecs come and go. */
fun main() {
    val random = Random(3)
    cycles(PAIRS / 10, random)
    ResidentMemory.tellGrowth { cycles(PAIRS, random) }
}

private fun cycles(count: Int, random: Random) {
    val pool = CodecPool(SegmentPool(4), CAPACITY)
    repeat(count) { CodecCycle(random, pool, Zlib).live() }
    pool.close()
}

/** A connection's two codecs, with random settings, which live for some random calls. */
internal class CodecCycle(private val random: Random, pool: CodecPool, zlib: Zlib) {
    private val settings = randomSettings(random)
    private val encoder = DeflateEncoder.of(settings, pool, zlib)
    private val decoder = DeflateDecoder(pool, !settings.receiveNoContextTakeover, zlib)
    private val sink = ByteSink { bytes, offset, length -> receive(bytes, offset, length) }
    private var isBroken = false

    fun live() {
        repeat(random.nextInt(3)) { message() }
        try {
            if (random.nextBoolean()) interrupt()
        } finally {
            encoder.close()
            decoder.close()
        }
    }

    private fun message() {
        encoder.begin(MessageType.BINARY, -1)
        repeat(random.nextInt(3)) { piece() }
        encoder.end(sink)
        if (!isBroken) decoder.end { _, _, _ -> }
    }

    private fun piece() {
        val length = random.nextInt(BYTES.size)
        encoder.encode(BYTES, 0, length, sink)
        if (random.nextBoolean()) encoder.flush(sink)
    }

    /** Leaves a message open, or breaks what is received, or has a sink throw. */
    private fun interrupt() {
        encoder.begin(MessageType.BINARY, -1)
        piece()
        if (random.nextBoolean()) receive(BYTES, 0, random.nextInt(20))
        if (random.nextInt(4) == 0) encoder.encodeStandalone(BYTES.copyOf(100), sink)
        if (random.nextInt(4) == 0) {
            runCatching { encoder.flush { _, _, _ -> error("the sink is full") } }
        }
    }

    private fun receive(bytes: ByteArray, offset: Int, length: Int) {
        if (isBroken) return
        try {
            decoder.decode(bytes, offset, length) { _, _, _ -> }
        } catch (_: ProtocolException) {
            isBroken = true
        }
    }
}

private val BYTES = SampleData.TEXT.bytes(1_500, 15, Random(1))

private fun randomSettings(random: Random) = DeflateParameters(
    sendWindowBits = if (random.nextBoolean()) 15 else random.nextInt(8, 15),
    sendNoContextTakeover = random.nextBoolean(),
    receiveNoContextTakeover = random.nextBoolean(),
    compressionLevel = if (random.nextBoolean()) -1 else 1,
    memLevel = random.nextInt(1, 10),
)
