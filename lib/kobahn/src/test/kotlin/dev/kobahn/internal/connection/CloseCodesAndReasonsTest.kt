package dev.kobahn.internal.connection

import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Role
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf

/** What a Close may say, both ways, down to the bytes (RFC 6455 sections 5.5.1 and 7.4). */
@OptIn(kotlinx.coroutines.ExperimentalCoroutinesApi::class)
class CloseCodesAndReasonsTest :
    FunSpec({
        Role.entries.forEach { role ->
            context("as $role") {
                test("of 0 to 5000 the codes for the wire are sent, the others are refused") {
                    for (code in 0..5000) {
                        val rig = ConnectionRig(role)
                        val closing = rig.begin { close(code, "") }
                        withClue(code) {
                            if (code in ALLOWED) {
                                rig.peer.rawFrames shouldBe listOf("88 " + bytes(code))
                            } else {
                                closing.getCompletionExceptionOrNull()
                                    .shouldBeInstanceOf<IllegalArgumentException>()
                                rig.peer.rawFrames shouldBe emptyList()
                            }
                        }
                    }
                }

                test("of 0 to 5000 the codes for the wire end cleanly, the others fail") {
                    for (code in 0..5000) {
                        val rig = ConnectionRig(role)
                        rig.receive(rig.peer.close(code))
                        rig.peer.end()
                        rig.loop.run()
                        val status = rig.connection.closeStatus.shouldNotBeNull()
                        val isGood = code in ALLOWED
                        withClue(code) {
                            status.wasClean shouldBe isGood
                            status.code shouldBe if (isGood) code else 1002
                            (status.cause is ProtocolException) shouldBe !isGood
                            val answer = if (isGood) "close 1000" else "close 1002"
                            rig.peer.frames shouldBe listOf(answer)
                        }
                    }
                }

                test("every registered code is sent as its number") {
                    for (code in (1000..1003) + (1007..1014)) {
                        val rig = ConnectionRig(role)
                        rig.begin { close(code, "why") }
                        rig.peer.rawFrames shouldBe
                            listOf("88 03 %02x 77 68 79".format(code and 0xFF))
                    }
                }

                test("with echoCloseCodeReason a Close comes back byte for byte") {
                    for ((code, reason) in CLOSES) {
                        val rig = ConnectionRig(role, echoCloseCodeReason = true)
                        rig.receive(rig.peer.close(code, reason))
                        val payload = code?.let { bytes(it) + text(reason) }.orEmpty()
                        rig.peer.rawFrames shouldBe listOf("88 $payload".trim())
                    }
                }

                test("without echoCloseCodeReason every Close is answered with a bare 1000") {
                    for ((code, reason) in CLOSES) {
                        val rig = ConnectionRig(role)
                        rig.receive(rig.peer.close(code, reason))
                        rig.peer.rawFrames shouldBe listOf("88 03 e8")
                    }
                }

                test("a reason is cut to 123 bytes of UTF-8 at the end of a code point") {
                    for ((reason, kept) in LONG_REASONS) {
                        val rig = ConnectionRig(role)
                        rig.begin { close(1000, reason) }
                        rig.peer.rawFrames shouldBe listOf("88 03 e8" + text(kept))
                    }
                }
            }
        }
    })

private val ALLOWED = ((1000..1003) + (1007..1014) + (3000..4999)).toSet()

private val CLOSES = listOf(
    null to "",
    1000 to "",
    1001 to "bye",
    1011 to "€ 😀",
    4999 to "x".repeat(123),
)

private val LONG_REASONS = listOf(
    "x".repeat(123) to "x".repeat(123),
    "x".repeat(124) to "x".repeat(123),
    "x".repeat(122) + "ü" to "x".repeat(122),
    "x".repeat(121) + "ü" to "x".repeat(121) + "ü",
    "x".repeat(121) + "€" to "x".repeat(121),
    "x".repeat(120) + "😀" to "x".repeat(120),
    "😀".repeat(40) to "😀".repeat(30),
)

private fun bytes(code: Int) = "%02x %02x".format(code shr 8, code and 0xFF)

private fun text(reason: String) =
    reason.encodeToByteArray().joinToString("") { " %02x".format(it) }
