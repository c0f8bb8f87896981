package dev.kobahn.protocol.extension

import dev.kobahn.protocol.Allocation
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.whereMeasured
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe

/** Data that becomes a thousand times longer (RFC 6455 section 10.4). */
class DeflateBombTest :
    FunSpec({
        test("a bomb of a GiB inflates no further than the limit of the output").config(
            enabledOrReasonIf = whereMeasured,
        ) {
            val wire = bomb(1L shl 30)
            wire.size.toLong() shouldBeLessThan (3L shl 19)
            for (takesOver in listOf(true, false)) {
                val zlib = CountingZlib()
                val pool = loopPool()
                val decoder = DeflateDecoder(pool, takesOver, zlib)
                var written = 0L
                val allocated = Allocation.of {
                    shouldThrow<ProtocolException> {
                        decoder.decode(wire, 0, wire.size) { _, _, length ->
                            if (written + length > LIMIT) {
                                throw ProtocolException(Violation.MESSAGE_TOO_BIG)
                            }
                            written += length
                        }
                    }.violation shouldBe Violation.MESSAGE_TOO_BIG
                }
                written shouldBe LIMIT
                allocated shouldBeLessThan (1L shl 20)
                decoder.close()
                pool.close()
                zlib.living shouldBe 0
            }
        }
    })

private const val LIMIT = 16L shl 20

/** A message of [size] zeros: one of a MiB many times over. */
private fun bomb(size: Long): ByteArray {
    val piece = FlushingPeer(level = 9).encode(ByteArray(1 shl 20)) + MARKER
    val count = (size shr 20).toInt()
    return ByteArray(count * piece.size + 1) {
        if (it < count * piece.size) piece[it % piece.size] else 0
    }
}
