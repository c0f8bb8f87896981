package dev.kobahn.protocol.extension.deflate

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.SegmentPool
import dev.kobahn.protocol.extension.CodecPool
import dev.kobahn.protocol.extension.OctetSink
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.TestCase
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.io.File
import kotlin.random.Random

/** zlib's memory is outside of the heap, where no garbage collector looks after it. */
class DeflateMemoryTest :
    FunSpec({
        test("whatever state codecs are closed in, what they had has ended or is in the pool") {
            val zlib = CountingZlib()
            val pool = CodecPool(SegmentPool(4), CAPACITY)
            val random = Random(1)
            repeat(PAIRS) { Pair(randomSettings(random), pool, zlib).live(random) }
            zlib.made shouldBeGreaterThan 0
            // deflaters of two levels, and inflaters
            zlib.living shouldBeLessThanOrEqual 3 * CAPACITY
            pool.close()
            zlib.living shouldBe 0
        }

        test("without a pool that keeps them they end") {
            val zlib = CountingZlib()
            val random = Random(2)
            repeat(2_000) { Pair(randomSettings(random), CodecPool(), zlib).live(random) }
            zlib.living shouldBe 0
        }

        test("a codec makes nothing before it is used") {
            val zlib = CountingZlib()
            for (memLevel in listOf(1, 8)) {
                val pool = loopPool()
                val settings = DeflateSettings(memLevel = memLevel)
                val encoder = DeflateEncoder.of(settings, pool, zlib)
                encoder.begin(MessageType.TEXT, 0)
                encoder.end { _, _, _ -> }
                encoder.sentAlone(ByteArray(10))
                encoder.close()
                DeflateDecoder(pool, takesOver = true, zlib).close()
            }
            zlib.made shouldBe 0
        }

        test("an encoder that borrows a deflater has it only during a message") {
            val zlib = CountingZlib()
            val pool = CodecPool(SegmentPool(4), 1)
            val encoders = List(100) { TestEncoder(DeflateSettings(memLevel = 7), pool, zlib) }
            val decoders = List(100) { TestDecoder(takesOver = false, pool, zlib) }
            val octets = ByteArray(1_000)
            for (index in encoders.indices) {
                decoders[index].decode(encoders[index].encode(octets)) shouldBe octets
            }
            zlib.made shouldBe 2
        }

        test("the process does not grow by codecs that come and go").config(
            enabledOrReasonIf = whereResidentMemoryIsKnown,
        ) {
            val random = Random(3)
            fun cycles(count: Int) {
                val pool = CodecPool(SegmentPool(4), CAPACITY)
                repeat(count) { Pair(randomSettings(random), pool, Zlib).live(random) }
                pool.close()
            }
            cycles(PAIRS / 10)
            val before = residentMemory()
            cycles(PAIRS)
            residentMemory() - before shouldBeLessThan (64L shl 20)
        }
    })

private const val PAIRS = 100_000
private const val CAPACITY = 4

/** A connection's two codecs, which live for some random calls. */
private class Pair(settings: DeflateSettings, pool: CodecPool, zlib: Zlib) {
    private val encoder = DeflateEncoder.of(settings, pool, zlib)
    private val decoder = DeflateDecoder(pool, !settings.receiveNoContextTakeover, zlib)
    private val sink = OctetSink { octets, offset, length -> receive(octets, offset, length) }
    private var isBroken = false

    fun live(random: Random) {
        repeat(random.nextInt(3)) { message(random) }
        try {
            if (random.nextBoolean()) interrupt(random)
        } finally {
            encoder.close()
            decoder.close()
        }
    }

    private fun message(random: Random) {
        encoder.begin(MessageType.BINARY, -1)
        repeat(random.nextInt(3)) { piece(random) }
        encoder.end(sink)
        if (!isBroken) decoder.end { _, _, _ -> }
    }

    private fun piece(random: Random) {
        val length = random.nextInt(OCTETS.size)
        encoder.encode(OCTETS, 0, length, sink)
        if (random.nextBoolean()) encoder.flush(sink)
    }

    /** Leaves a message open, or breaks what is received, or has a sink throw. */
    private fun interrupt(random: Random) {
        encoder.begin(MessageType.BINARY, -1)
        piece(random)
        if (random.nextBoolean()) receive(OCTETS, 0, random.nextInt(20))
        if (random.nextInt(4) == 0) encoder.encodeAlone(OCTETS.copyOf(100), sink)
        if (random.nextInt(4) == 0) {
            runCatching { encoder.flush { _, _, _ -> error("the sink is full") } }
        }
    }

    private fun receive(octets: ByteArray, offset: Int, length: Int) {
        if (isBroken) return
        try {
            decoder.decode(octets, offset, length) { _, _, _ -> }
        } catch (_: ProtocolException) {
            isBroken = true
        }
    }
}

private val OCTETS = SampleData.TEXT.octets(1_500, 15, Random(1))

private fun randomSettings(random: Random) = DeflateSettings(
    sendWindowBits = if (random.nextBoolean()) 15 else random.nextInt(8, 15),
    sendNoContextTakeover = random.nextBoolean(),
    receiveNoContextTakeover = random.nextBoolean(),
    compressionLevel = if (random.nextBoolean()) -1 else 1,
    memLevel = random.nextInt(1, 10),
)

private val status = File("/proc/self/status")

private val whereResidentMemoryIsKnown: (TestCase) -> Enabled = {
    if (status.exists()) Enabled.enabled else Enabled.disabled("$status is not there")
}

/** The memory of this process in octets, that of the heap included. */
private fun residentMemory(): Long {
    val line = status.readLines().single { it.startsWith("VmRSS:") }
    return line.filter(Char::isDigit).toLong() * 1024
}
