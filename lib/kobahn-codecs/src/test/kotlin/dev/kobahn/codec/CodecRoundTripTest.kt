package dev.kobahn.codec

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.NO_SHRINKING
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.byte
import io.kotest.property.arbitrary.byteArray
import io.kotest.property.arbitrary.int
import io.kotest.property.checkAll
import kotlin.random.Random

/** What any of the codecs encodes, its decoder restores. */
class CodecRoundTripTest :
    FunSpec({
        Codecs.entries.forEach { codec ->
            context("$codec") {
                test("messages of every size come back, one after another") {
                    codec.pair { encoder, decoder ->
                        for (size in listOf(0, 1, 3, 0, 1000, 65_536, 65_537, 300_000, 2)) {
                            val message = prose(size)
                            decoder.decoded(encoder.encoded(message)) shouldBe message
                        }
                    }
                }

                test("what cannot be compressed comes back") {
                    val message = Random(7).nextBytes(200_000)
                    codec.pair { encoder, decoder ->
                        repeat(2) {
                            decoder.decoded(encoder.encoded(message)) shouldBe message
                        }
                    }
                }

                test("what can be compressed becomes shorter") {
                    codec.pair { encoder, _ ->
                        encoder.encoded(prose(50_000)).size shouldBeLessThan 25_000
                    }
                }

                test("a message that was begun and abandoned, or sent alone, leaves no trace") {
                    codec.pair { encoder, decoder ->
                        repeat(2) {
                            encoder.begin(MessageType.BINARY, 100)
                            if (encoder.standaloneForm != null) {
                                val alone = Kept()
                                encoder.encodeStandalone(prose(100), alone)
                                encoder.sentStandalone(prose(100))
                                decoder.decoded(alone.take()) shouldBe prose(100)
                            }
                            decoder.decoded(encoder.encoded(prose(1000))) shouldBe prose(1000)
                        }
                    }
                }

                test("a message written in pieces comes back") {
                    val message = prose(20_000)
                    codec.pair { encoder, decoder ->
                        for (piece in listOf(7, 1000, 19_999)) {
                            decoder.decoded(encoder.encoded(message, piece)) shouldBe message
                        }
                    }
                }

                test("a message that is cut anywhere comes back") {
                    val message = prose(500)
                    codec.pair { encoder, decoder ->
                        val sent = encoder.encoded(message)
                        decoder.decoded(sent) shouldBe message
                        for (cut in 0..sent.size) {
                            val next = encoder.encoded(message)
                            val at = minOf(cut, next.size)
                            val output = Kept()
                            decoder.decode(next, 0, at, output)
                            decoder.decode(next, at, next.size - at, output)
                            decoder.end(output)
                            output.take() shouldBe message
                        }
                    }
                }

                test("a message that arrives byte by byte comes back") {
                    val message = prose(70_000)
                    codec.pair { encoder, decoder ->
                        decoder.decoded(encoder.encoded(message), piece = 1) shouldBe message
                    }
                }

                test("a message encoded alone is restored between others") {
                    codec.pair { encoder, decoder ->
                        if (encoder.standaloneForm == null) return@test
                        codec.encoder().standaloneForm shouldBe encoder.standaloneForm
                        repeat(3) {
                            val alone = Kept()
                            codec.encoder().encodeStandalone(prose(70_000 * it), alone)
                            encoder.sentStandalone(prose(70_000 * it))
                            decoder.decoded(alone.take()) shouldBe prose(70_000 * it)
                            decoder.decoded(encoder.encoded(prose(99))) shouldBe prose(99)
                        }
                    }
                }

                test("any messages in any pieces come back") {
                    codec.pair { encoder, decoder ->
                        val bytes = Arb.byteArray(Arb.int(0..3000), Arb.byte())
                        checkAll(NO_SHRINKING, bytes, Arb.int(1..3000)) { message, piece ->
                            decoder.decoded(encoder.encoded(message, piece), piece) shouldBe
                                message
                        }
                    }
                }
            }
        }
    })
