package dev.kobahn.protocol

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.byte
import io.kotest.property.arbitrary.byteArray
import io.kotest.property.arbitrary.int
import io.kotest.property.checkAll
import java.nio.ByteBuffer
import java.nio.ByteOrder

private val payloads = Arb.byteArray(Arb.int(0..70), Arb.byte())

/** RFC 6455 section 5.3, word for word. */
private fun expected(bytes: ByteArray, key: Int, phase: Int = 0) = ByteArray(bytes.size) { i ->
    val keyByte = key ushr (24 - 8 * ((i + phase) % 4))
    (bytes[i].toInt() xor keyByte).toByte()
}

internal class MaskingTest :
    FunSpec({
        test("the example of section 5.7 is masked as the RFC shows") {
            val bytes = "Hello".toByteArray()
            Masking.mask(bytes, 0, bytes.size, 0x37fa213d)
            bytes.toHexString() shouldBe "7f9f4d5158"
        }

        test("byte i is combined with byte i mod 4 of the key") {
            checkAll(payloads, Arb.int()) { payload, key ->
                val masked = payload.copyOf().also { Masking.mask(it, 0, it.size, key) }
                masked shouldBe expected(payload, key)
            }
        }

        test("masking twice gives back the payload") {
            checkAll(payloads, Arb.int(), Arb.int(0..1000)) { payload, key, phase ->
                val bytes = payload.copyOf()
                repeat(2) { Masking.mask(bytes, 0, bytes.size, key, phase) }
                bytes shouldBe payload
            }
        }

        test("a payload masked in two pieces, split at every byte, is masked the same") {
            checkAll(20, payloads, Arb.int()) { payload, key ->
                for (split in 0..payload.size) {
                    val bytes = payload.copyOf()
                    Masking.mask(bytes, 0, split, key)
                    Masking.mask(bytes, split, payload.size - split, key, split)
                    bytes shouldBe expected(payload, key)
                }
            }
        }

        test("bytes outside the range stay as they are") {
            val around = Arb.int(0..9)
            checkAll(payloads, Arb.int(), around, around) { payload, key, before, after ->
                val bytes = ByteArray(before) + payload + ByteArray(after)
                Masking.mask(bytes, before, payload.size, key)
                bytes shouldBe ByteArray(before) + expected(payload, key) + ByteArray(after)
            }
        }

        for (order in listOf(ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN)) {
            for (direct in listOf(true, false)) {
                test("a ${if (direct) "direct" else "heap"} buffer in $order is masked alike") {
                    checkAll(payloads, Arb.int(), Arb.int(0..9)) { payload, key, start ->
                        val size = start + payload.size
                        val buffer = if (direct) {
                            ByteBuffer.allocateDirect(size)
                        } else {
                            ByteBuffer.allocate(size)
                        }
                        buffer.order(order)
                        buffer.position(start)
                        buffer.put(payload)
                        Masking.mask(buffer, start, size, key, start)
                        buffer.order() shouldBe order
                        buffer.position() shouldBe size
                        buffer.position(start)
                        ByteArray(payload.size).also(buffer::get) shouldBe
                            expected(payload, key, start)
                    }
                }
            }
        }
    })
