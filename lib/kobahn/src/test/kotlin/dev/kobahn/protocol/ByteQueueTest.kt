package dev.kobahn.protocol

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import io.kotest.property.Arb
import io.kotest.property.arbitrary.int
import io.kotest.property.arbitrary.list
import io.kotest.property.checkAll
import java.nio.ByteBuffer
import kotlin.random.Random

private const val SEGMENT = SegmentPool.SEGMENT_SIZE

private fun masked(bytes: ByteArray, key: Int) =
    bytes.copyOf().also { Masking.mask(it, 0, it.size, key) }

/** Takes all bytes, [step] at a time. */
private fun ByteQueue.takeIn(step: Int): ByteArray {
    val taken = ByteBuffer.allocate(size.toInt())
    val window = ByteBuffer.allocateDirect(step)
    while (!isEmpty) {
        window.clear()
        val count = copyTo(window)
        window.flip()
        taken.put(window)
        remove(count)
    }
    return taken.array()
}

internal class ByteQueueTest :
    FunSpec({
        test("bytes moved between queues stay intact when segments are used again") {
            val random = Random(5)
            repeat(300) {
                val pool = SegmentPool(100)
                val source = ByteQueue(pool)
                val target = ByteQueue(pool)
                val bytes = random.nextBytes(random.nextInt(1, 5 * SEGMENT))
                source.append(bytes)
                val key = random.nextInt()
                val isMasked = random.nextBoolean()
                val part = random.nextInt(1, 2 * SEGMENT)
                var expected = ByteArray(0)
                for (start in bytes.indices step part) {
                    val count = minOf(part, bytes.size - start)
                    target.append(byteArrayOf(7))
                    target.transfer(source, count, key, isMasked)
                    val moved = bytes.copyOfRange(start, start + count)
                    expected += byteArrayOf(7) + if (isMasked) masked(moved, key) else moved
                }
                source.isEmpty shouldBe true
                // All segments that the pool has, and some new ones.
                ByteQueue(pool).append(ByteArray(20 * SEGMENT))
                target.takeIn(random.nextInt(1, 3 * SEGMENT)) shouldBe expected
            }
        }

        test("a segment that was masked in another queue is used again unmasked") {
            val pool = SegmentPool(4)
            val source = ByteQueue(pool)
            val target = ByteQueue(pool)
            source.append(ByteArray(SEGMENT))
            target.transfer(source, SEGMENT, maskingKey = 0x12345678, masked = true)
            target.clear()
            val bytes = byteArrayOf(1, 2, 3)
            ByteQueue(pool).apply { append(bytes) }.takeAll() shouldBe bytes
        }

        test("a new queue is empty") {
            val queue = ByteQueue()
            queue.isEmpty shouldBe true
            queue.copyTo(ByteBuffer.allocate(1)) shouldBe 0
            queue.takeAll() shouldBe byteArrayOf()
        }

        test("bytes leave in the order they came, however they are appended and taken") {
            val sizes = Arb.list(Arb.int(0..3 * SEGMENT), 0..8)
            checkAll(50, sizes, Arb.int(1..SEGMENT), Arb.int()) { pieces, step, seed ->
                val random = Random(seed)
                val queue = ByteQueue(SegmentPool(2))
                val expected = pieces.map { size ->
                    val bytes = random.nextBytes(size)
                    val key = random.nextInt()
                    when (random.nextInt(3)) {
                        0 -> bytes.also { queue.append(it) }

                        1 -> bytes.also { queue.appendPayload(it, 0, size, key, false) }

                        else -> masked(bytes, key).also {
                            queue.appendPayload(bytes, 0, size, key, true)
                        }
                    }
                }.fold(byteArrayOf(), ByteArray::plus)
                queue.size shouldBe expected.size.toLong()
                queue.takeIn(step).contentEquals(expected) shouldBe true
                queue.isEmpty shouldBe true
            }
        }

        for (size in listOf(5, SEGMENT / 4, SEGMENT / 4 + 1, 20_003)) {
            test("a payload of $size bytes is masked right when copied in pieces of any size") {
                val payload = Random(size).nextBytes(size)
                for (step in 1..67) {
                    val queue = ByteQueue()
                    queue.append(byteArrayOf(1, 2, 3))
                    queue.appendPayload(payload, 0, size, 0x12345678, true)
                    queue.takeIn(step).drop(3).toByteArray()
                        .contentEquals(masked(payload, 0x12345678)) shouldBe true
                }
            }

            test("masking leaves the caller's $size bytes as they are") {
                val payload = Random(size).nextBytes(size)
                val queue = ByteQueue()
                queue.appendPayload(payload, 0, size, -1, true)
                queue.takeAll()
                payload.contentEquals(Random(size).nextBytes(size)) shouldBe true
            }
        }

        test("copied bytes stay until they are removed") {
            val queue = ByteQueue()
            queue.append("abcdef".toByteArray())
            val target = ByteBuffer.allocate(4)
            repeat(2) {
                target.clear()
                queue.copyTo(target) shouldBe 4
                String(target.array()) shouldBe "abcd"
            }
            queue.remove(2)
            queue.size shouldBe 4L
            String(queue.takeAll()) shouldBe "cdef"
        }

        test("part of an array can be appended, and the array used again") {
            val bytes = "abcdef".toByteArray()
            val queue = ByteQueue()
            queue.append(bytes, 2, 3)
            bytes.fill(0)
            String(queue.takeAll()) shouldBe "cde"
        }

        test("more bytes than the size cannot be removed") {
            val queue = ByteQueue()
            queue.append(byteArrayOf(1))
            shouldThrow<IllegalArgumentException> { queue.remove(2) }
            shouldThrow<IllegalArgumentException> { queue.remove(-1) }
            queue.size shouldBe 1L
        }

        test("reserved room becomes part of the queue when it is written") {
            val queue = ByteQueue()
            queue.append("ab".toByteArray())
            val array = queue.reserve(2)
            array[queue.tailEnd] = 'c'.code.toByte()
            array[queue.tailEnd + 1] = 'd'.code.toByte()
            queue.size shouldBe 2L
            queue.advance(2)
            String(queue.takeAll()) shouldBe "abcd"
        }

        test("an empty queue has given its segments back") {
            val pool = SegmentPool(4)
            val queue = ByteQueue(pool)
            queue.append(ByteArray(3 * SEGMENT))
            queue.remove(3 * SEGMENT)
            val segments = List(3) { pool.take() }
            segments.distinctBy { System.identityHashCode(it) }.size shouldBe 3
            segments.forEach(pool::recycle)
            pool.take() shouldBeSameInstanceAs segments.last()
        }

        test("frames with long payloads share the segment of their headers") {
            val pool = SegmentPool(4)
            val queue = ByteQueue(pool)
            val mark = pool.take().also(pool::recycle)
            val expected = (0 until 100).map { number ->
                val header = ByteArray(4) { number.toByte() }
                val payload = Random(number).nextBytes(SEGMENT)
                queue.append(header)
                queue.appendPayload(payload, 0, payload.size, 0, false)
                header + payload
            }.fold(byteArrayOf(), ByteArray::plus)
            val other = pool.take()
            (other === mark) shouldBe false
            queue.takeIn(5000).contentEquals(expected) shouldBe true
            // One segment was enough for all headers: it alone has come back.
            pool.take() shouldBeSameInstanceAs mark
            (pool.take() === mark) shouldBe false
        }

        test("clear forgets everything") {
            val queue = ByteQueue()
            queue.append(ByteArray(20_000))
            queue.appendPayload(ByteArray(20_000), 0, 20_000, 0, false)
            queue.clear()
            queue.isEmpty shouldBe true
            queue.append(byteArrayOf(7))
            queue.takeAll() shouldBe byteArrayOf(7)
        }

        test("bytes with a write boundary leave in writes of their own, others as usual") {
            val queue = ByteQueue()
            queue.append("ab".toByteArray())
            queue.append("cdefg".toByteArray())
            queue.addWriteBoundary(5, 2)
            queue.append("hi".toByteArray())
            queue.append("j".toByteArray())
            queue.addWriteBoundary(1, 1)
            queue.append("kl".toByteArray())
            queue.pieces() shouldBe listOf("ab", "cd", "ef", "g", "hi", "j", "kl")
        }

        test("a write that was taken in part is completed before the next") {
            val queue = ByteQueue()
            queue.append("abcdef".toByteArray())
            queue.addWriteBoundary(6, 4)
            queue.remove(1)
            queue.pieces() shouldBe listOf("bcd", "ef")
        }

        test("clear forgets write boundaries, and takeAll ignores them") {
            val queue = ByteQueue()
            queue.append("abcd".toByteArray())
            queue.addWriteBoundary(4, 1)
            queue.clear()
            queue.append("abcd".toByteArray())
            queue.pieces() shouldBe listOf("abcd")
            queue.append("abcd".toByteArray())
            queue.addWriteBoundary(4, 1)
            String(queue.takeAll()) shouldBe "abcd"
        }

        test("bytes are repeated up to a length, masked as one payload, cut and taken anywhere") {
            checkAll(50, Arb.int(1..40), Arb.int(1..300), Arb.int(1..50)) { size, length, step ->
                val bytes = Random(size).nextBytes(size)
                val repeated = ByteArray(length) { bytes[it % size] }
                val queue = ByteQueue()
                queue.appendRepeated(bytes, length.toLong(), 0x12345678, true)
                queue.appendRepeated(bytes, length.toLong(), 0x12345678, false)
                queue.size shouldBe 2L * length
                queue.takeIn(step) shouldBe masked(repeated, 0x12345678) + repeated
                queue.isEmpty shouldBe true
            }
        }

        test("a long payload keeps its full weight until its last byte has left") {
            val queue = ByteQueue()
            queue.append(ByteArray(10))
            queue.appendPayload(ByteArray(LONG), 0, LONG, 0, masked = false)
            queue.weight shouldBe LONG + 10
            queue.remove(10 + LONG - 1)
            queue.weight shouldBe LONG
            queue.remove(1)
            queue.weight shouldBe 0
        }

        test("a long payload in fragments keeps its full weight until its last fragment has left") {
            val queue = ByteQueue()
            val payload = ByteArray(3 * LONG)
            repeat(3) {
                queue.append(ByteArray(2))
                queue.appendPayload(payload, it * LONG, LONG, 0, masked = false)
            }
            repeat(3) {
                queue.weight shouldBe 3 * LONG + 2 * (3 - it)
                queue.remove(2 + LONG)
            }
            queue.weight shouldBe 0
        }

        test("a payload sent repeatedly weighs once for each time that it waits") {
            val queue = ByteQueue()
            val payload = ByteArray(LONG)
            repeat(3) { queue.appendPayload(payload, 0, LONG, 0, masked = false) }
            for (left in 2 downTo 0) {
                queue.appendPayload(payload, 0, LONG, 0, masked = false)
                queue.remove(2 * LONG)
                queue.weight shouldBe left * LONG
            }
        }

        test("a payload kept by several queues weighs its share in each, as of the last look") {
            val encodings = PreparedEncodings()
            val queues = List(4) { ByteQueue() }
            val payload = ByteArray(4 * LONG)
            for (queue in queues) {
                queue.appendPayload(payload, 0, payload.size, 0, masked = false)
                queue.shareLast(encodings)
                queue.isShared shouldBe true
            }
            queues.forEach { it.reassess() }
            queues.map { it.weight } shouldBe List(4) { LONG.toLong() }
            queues[0].remove(payload.size)
            queues[0].isShared shouldBe false
            queues[1].clear()
            queues[2].remove(payload.size - 1)
            queues[2].weight shouldBe LONG
            queues.forEach { it.reassess() }
            queues.map { it.weight } shouldBe listOf(0L, 0L, 2L * LONG, 2L * LONG)
        }

        test("bytes that are made when they are taken weigh nothing") {
            val queue = ByteQueue()
            queue.append(ByteArray(10))
            queue.appendRepeated(ByteArray(7), 1_000_000_000, 0, masked = false)
            queue.weight shouldBe 10
            queue.remove(1_000)
            queue.weight shouldBe 0
            queue.clear()
            queue.weight shouldBe 0
        }
    })

private const val LONG = 100_000

/** Returns the bytes of one write after another. */
private fun ByteQueue.pieces(): List<String> {
    val pieces = ArrayList<String>()
    while (!isEmpty) {
        val target = ByteBuffer.allocate(100)
        remove(copyTo(target))
        pieces.add(String(target.array(), 0, target.position()))
    }
    return pieces
}
