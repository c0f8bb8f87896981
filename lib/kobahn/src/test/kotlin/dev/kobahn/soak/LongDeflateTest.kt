package dev.kobahn.soak

import dev.kobahn.protocol.extension.SampleData
import dev.kobahn.protocol.extension.WindowProof
import io.kotest.core.spec.style.FunSpec
import kotlin.random.Random

/** The bytes of a message; the profile `soak` asks for 16 MiB. */
private val SIZE = System.getProperty("kobahn.soak.deflateSize", "${2 shl 20}").toInt()

class LongDeflateTest :
    FunSpec({
        for (bits in 8..15) {
            test("a peer with a window of the agreed size reads long messages: $bits window bits") {
                for (takesOver in listOf(true, false)) {
                    val proof = WindowProof(bits, takesOver)
                    for (data in listOf(SampleData.TEXT, SampleData.FAR)) {
                        repeat(2) { proof.check(data.bytes(SIZE + it, bits, Random(bits))) }
                    }
                }
            }
        }
    })
