package dev.kobahn.protocol.extension

import dev.kobahn.ResidentMemory
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.SegmentPool
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.lang.ref.WeakReference
import kotlin.random.Random

/** zlib's memory is outside of the heap, so the garbage collector does not free it. */
class DeflateMemoryTest :
    FunSpec({
        test("codecs closed in any state end their deflaters or give them to the pool") {
            val zlib = CountingZlib()
            val pool = CodecPool(SegmentPool(4), CAPACITY)
            val random = Random(1)
            repeat(PAIRS) { CodecCycle(random, pool, zlib).live() }
            zlib.made shouldBeGreaterThan 0
            // Deflaters of two levels, and inflaters.
            zlib.living shouldBeLessThanOrEqual 3 * CAPACITY
            pool.close()
            zlib.living shouldBe 0
        }

        test("without room in the pool they end") {
            val zlib = CountingZlib()
            val random = Random(2)
            repeat(2_000) { CodecCycle(random, CodecPool(), zlib).live() }
            zlib.living shouldBe 0
        }

        test("a codec takes no deflater before it is used") {
            val zlib = CountingZlib()
            for (memLevel in listOf(1, 8)) {
                val pool = loopPool()
                val settings = DeflateParameters(memLevel = memLevel)
                val encoder = DeflateEncoder.of(settings, pool, zlib)
                encoder.begin(MessageType.TEXT, 0)
                encoder.end { _, _, _ -> }
                encoder.sentStandalone(ByteArray(10))
                encoder.close()
                DeflateDecoder(pool, takesOver = true, zlib).close()
            }
            zlib.made shouldBe 0
        }

        test("an encoder that borrows a deflater has it only during a message") {
            val zlib = CountingZlib()
            val pool = CodecPool(SegmentPool(4), 1)
            val encoders = List(100) { TestEncoder(DeflateParameters(memLevel = 7), pool, zlib) }
            val decoders = List(100) { TestDecoder(takesOver = false, pool, zlib) }
            val bytes = ByteArray(1_000)
            for (index in encoders.indices) {
                decoders[index].decode(encoders[index].encode(bytes)) shouldBe bytes
            }
            zlib.made shouldBe 2
        }

        for (memLevel in listOf(1, 5, 7, 8)) {
            test("no encoder keeps a long message for many connections, with memLevel $memLevel") {
                val encoder = DeflateEncoder.of(DeflateParameters(memLevel = memLevel), loopPool())
                shouldBeCollected(encoder.sendsAlone(1 shl 20))
                val text = "what a message refers to ".repeat(20).encodeToByteArray()
                val long = ByteArray(1 shl 20) + text
                encoder.sentStandalone(long)
                encoder.begin(MessageType.TEXT, text.size.toLong())
                val wire = collected {
                    encoder.encode(text, 0, text.size, it)
                    encoder.end(it)
                }
                // The encoder still knows the end of the message.
                wire.size shouldBeLessThanOrEqual 16
                encoder.close()
            }
        }

        test("the process does not grow as codecs come and go").config(
            enabledOrReasonIf = ResidentMemory.whereKnown,
        ) {
            ResidentMemory.growth(CODEC_CYCLES, heap = "48m") shouldBeLessThan (64L shl 20)
        }
    })

/** A function of its own, so that no local variable refers to the bytes. */
private fun DeflateEncoder.sendsAlone(size: Int): WeakReference<ByteArray> {
    val bytes = ByteArray(size)
    sentStandalone(bytes)
    return WeakReference(bytes)
}

private fun shouldBeCollected(bytes: WeakReference<ByteArray>) {
    repeat(MOST_COLLECTIONS) {
        if (bytes.get() == null) return
        System.gc()
    }
    bytes.get() shouldBe null
}

private const val MOST_COLLECTIONS = 20
private const val CODEC_CYCLES = "dev.kobahn.protocol.extension.CodecCyclesKt"
