package dev.kobahn.codec

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.NO_SHRINKING
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.extension.MessageDecoder
import dev.kobahn.protocol.extension.MessageEncoder
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.comparables.shouldBeLessThanOrEqualTo
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.byte
import io.kotest.property.arbitrary.byteArray
import io.kotest.property.arbitrary.int
import io.kotest.property.checkAll

/** Whatever a peer sends, a decoder ends with a violation at worst. */
class HostileCodecTest :
    FunSpec({
        Codecs.entries.forEach { codec ->
            context("$codec") {
                test("a bomb ends at the limit, having come out in small steps") {
                    codec.pair { encoder, decoder ->
                        val bomb = encoder.encoded(ByteArray(20_000_000))
                        bomb.size shouldBeLessThan 1_000_000
                        val output = Kept(limit = 1_000_000)
                        val thrown = shouldThrow<ProtocolException> {
                            decoder.decoded(bomb, output = output)
                        }
                        thrown.violation shouldBe Violation.MESSAGE_TOO_BIG
                        output.size shouldBeLessThan 1_000_000 + STEP + 1
                        output.largestStep shouldBeLessThanOrEqualTo STEP
                    }
                }

                test("bytes that no encoder makes are a violation or a message") {
                    checkAll(NO_SHRINKING, Arb.byteArray(Arb.int(0..300), Arb.byte())) {
                        codec.decoder().judged(it)
                    }
                }

                test("a message with a changed byte is a violation or a message") {
                    val sent = codec.encoder().encodedAndClosed(prose(3000))
                    checkAll(NO_SHRINKING, Arb.int(sent.indices), Arb.byte()) { where, byte ->
                        val changed = sent.copyOf()
                        changed[where] = byte
                        codec.decoder().judged(changed)
                    }
                }

                test("a message that ends too early is not taken for a whole one") {
                    val message = prose(3000)
                    val sent = codec.encoder().encodedAndClosed(message)
                    for (size in 1 until sent.size) {
                        codec.decoder().judged(sent.copyOf(size))?.let { restored ->
                            SHOW_NO_END shouldContain codec
                            restored shouldBe message.copyOf(restored.size)
                        }
                    }
                }

                test("both ends can be closed in any state, and again") {
                    val message = prose(3000)
                    for (cut in listOf(0, 1, 5, 30)) {
                        codec.pair { encoder, decoder ->
                            val sent = encoder.encoded(message)
                            decoder.decode(sent, 0, cut, Kept())
                            encoder.begin(MessageType.TEXT, -1)
                            encoder.encode(message, 0, cut * 10, Kept())
                            encoder.close()
                            decoder.close()
                        }
                    }
                    codec.pair { _, decoder ->
                        shouldThrow<ProtocolException> { decoder.decoded(ByteArray(100) { -2 }) }
                    }
                    codec.pair { encoder, decoder ->
                        val sent = encoder.encoded(message)
                        val output = Kept(limit = 100)
                        shouldThrow<ProtocolException> { decoder.decoded(sent, output = output) }
                    }
                }
            }
        }
    })

/** Where every chunk, or every byte with context takeover, can be the last of a message. */
private val SHOW_NO_END = setOf(Codecs.SNAPPY, Codecs.SNAPPY_ALONE, Codecs.BROTLI)

/** A chunk of Snappy comes out whole. */
private const val STEP = 65_536

private fun MessageEncoder.encodedAndClosed(message: ByteArray) = encoded(message).also { close() }

/** What [bytes] are restored to, or null if they are a violation. */
private fun MessageDecoder.judged(bytes: ByteArray): ByteArray? = try {
    decoded(bytes, output = Kept(limit = 10_000_000))
} catch (e: ProtocolException) {
    e.violation shouldBe (if (e.closeCode == 1009) Violation.MESSAGE_TOO_BIG else CODED)
    null
} finally {
    close()
}

private val CODED = Violation.CODED_DATA_INVALID
