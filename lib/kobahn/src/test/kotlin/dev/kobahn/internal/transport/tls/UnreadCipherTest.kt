package dev.kobahn.internal.transport.tls

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

class UnreadCipherTest :
    FunSpec({
        fun record(size: Int) = byteArrayOf(23, 3, 3, (size shr 8).toByte(), size.toByte()) +
            ByteArray(size) { it.toByte() }

        fun UnreadCipher.all(): ByteArray {
            var all = ByteArray(0)
            read { bytes -> all = ByteArray(bytes.remaining()).also(bytes::get) }
            return all
        }

        test("a record is completed from pieces of any size, and nothing behind it is taken") {
            val bytes = record(300) + record(10)
            for (first in 1..304) {
                val unread = UnreadCipher()
                val input = ByteBuffer.wrap(bytes)
                unread.keep(input.duplicate().apply { limit(first) })
                input.position(first)
                unread.complete(input) shouldBe true
                input.remaining() shouldBe 15
                unread.complete(input) shouldBe false
                unread.all() shouldBe record(300)
                unread.isEmpty shouldBe true
                unread.weight shouldBe 0
            }
        }

        test("an unfinished record takes the memory of one record") {
            val unread = UnreadCipher()
            unread.keep(ByteBuffer.wrap(record(16_000), 0, 6))
            for (byte in record(16_000).drop(6)) unread.complete(ByteBuffer.wrap(byteArrayOf(byte)))
            unread.weight shouldBe 16_005
            unread.all() shouldBe record(16_000)
        }

        test("a length that no record can have takes no more memory than one") {
            val unread = UnreadCipher()
            unread.keep(ByteBuffer.wrap("17 03 03 ff ff 00".replace(" ", "").hexToByteArray()))
            unread.weight shouldBeLessThanOrEqual 18_437
        }

        test("a length that is only announced takes no memory") {
            val unread = UnreadCipher()
            unread.keep(ByteBuffer.wrap(record(16_384), 0, 6))
            unread.weight shouldBeLessThanOrEqual 1024
        }

        test("bytes that arrive one by one are copied a few times, not each time") {
            val short = record(1)
            val many = ByteArray(3000 * short.size) { short[it % short.size] }
            for (bytes in listOf(record(16_384), many)) {
                for (isKept in listOf(true, false)) {
                    val unread = UnreadCipher()
                    val weights = HashSet<Int>()
                    for (byte in bytes) {
                        val input = ByteBuffer.wrap(byteArrayOf(byte))
                        if (isKept || unread.isEmpty) unread.keep(input) else unread.complete(input)
                        unread.keep(input)
                        weights.add(unread.weight)
                    }
                    weights.size shouldBeLessThanOrEqual 25
                    unread.all() shouldBe bytes
                }
            }
        }

        test("all that arrives while decrypting waits is kept, in order") {
            val unread = UnreadCipher()
            val bytes = ByteArray(100_000) { (it * 7).toByte() }
            for (part in bytes.toList().chunked(
                3_331,
            )) {
                unread.keep(ByteBuffer.wrap(part.toByteArray()))
            }
            unread.all() shouldBe bytes
        }

        test("an empty input takes no memory") {
            val unread = UnreadCipher()
            unread.keep(ByteBuffer.allocate(0))
            unread.isEmpty shouldBe true
        }
    })
