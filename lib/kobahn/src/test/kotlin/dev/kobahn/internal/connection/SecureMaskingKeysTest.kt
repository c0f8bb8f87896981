package dev.kobahn.internal.connection

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import java.security.SecureRandom

/** Gives 0, 1, 2 … and keeps what it gave. */
private class CountingRandom : SecureRandom() {
    val given = ArrayDeque<Byte>()
    private var next = 0

    override fun nextBytes(bytes: ByteArray) {
        for (index in bytes.indices) bytes[index] = next++.toByte().also(given::addLast)
    }

    fun take(count: Int) = ByteArray(count) { given.removeFirst() }
}

class SecureMaskingKeysTest :
    FunSpec({
        test("every byte of the secure source is used once, in order") {
            val random = CountingRandom()
            val keys = SecureMaskingKeys(random)
            random.given.shouldBeEmpty()
            repeat(3000) {
                val key = keys.next()
                key shouldBe ByteBuffer.wrap(random.take(Int.SIZE_BYTES)).getInt()
            }
        }

        test("the key of a handshake is fetched for itself") {
            val random = CountingRandom()
            val bytes = SecureMaskingKeys(random).bytes(16)
            bytes shouldBe random.take(16)
            random.given.shouldBeEmpty()
        }
    })
