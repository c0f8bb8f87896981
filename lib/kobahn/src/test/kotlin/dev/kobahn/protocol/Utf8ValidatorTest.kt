package dev.kobahn.protocol

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.byte
import io.kotest.property.arbitrary.byteArray
import io.kotest.property.arbitrary.codepoints
import io.kotest.property.arbitrary.int
import io.kotest.property.arbitrary.string
import io.kotest.property.checkAll
import java.nio.ByteBuffer

/** RFC 3629, and the four results of ws4py and Autobahn. */
class Utf8ValidatorTest :
    FunSpec({
        test(
            "every input of one or two bytes is judged as by the JDK and the grammar",
        ) {
            for (first in BYTES) {
                judged(byteArrayOf(first))
                for (second in BYTES) judged(byteArrayOf(first, second))
            }
        }

        test(
            "every input of three bytes is judged as by the JDK, in one piece and byte by byte",
        ) {
            val bytes = ByteArray(3)
            val buffer = ByteBuffer.wrap(bytes)
            val validator = Utf8Validator()
            var disagreements = 0
            for (number in 0 until (1 shl 24)) {
                for (index in 0..2) bytes[index] = (number shr 8 * index).toByte()
                val expected = Utf8Reference.isValid(bytes)
                validator.reset()
                val whole = validator.feed(buffer, 0, 3) < 0 && validator.endsOnCodePoint
                validator.reset()
                for (index in 0..2) validator.feed(buffer, index, index + 1)
                if (whole != expected || validator.endsOnCodePoint != expected) disagreements++
            }
            disagreements shouldBe 0
        }

        test("inputs of four bytes at the edges of every range are judged as by the JDK") {
            val leads = hex("7f c1 c2 df e0 ed ef f0 f1 f3 f4 f5 f8 ff")
            val seconds = hex("00 7f 80 8f 90 9f a0 bf c0 e0 ff")
            val tails = hex("41 7f 80 bf c0 c2")
            for (lead in leads) {
                for (second in seconds) {
                    for (third in tails) {
                        tails.forEach { judged(byteArrayOf(lead, second, third, it)) }
                    }
                }
            }
        }

        test("decode takes one byte: accepted at a code point's end, rejected until it is reset") {
            val validator = Utf8Validator()
            fun states(bytes: String) = hex(bytes).map { validator.decode(it.toInt()) }
            states("61 c3 a4 f0 90 80 80") shouldBe listOf(0, 2, 0, 7, 3, 2, 0)
            validator.totalIndex shouldBe 7
            states("e2 82 61 61") shouldBe listOf(3, 2, 1, 1)
            validator.totalIndex shouldBe 9
            validator.reset()
            states("61") shouldBe listOf(Utf8Validator.ACCEPT)
            states("ed a0") shouldBe listOf(6, Utf8Validator.REJECT)
        }

        test("decode and feed agree on random bytes, and may take turns") {
            checkAll(5_000, Arb.byteArray(Arb.int(0..12), Arb.byte())) { bytes ->
                val one = Utf8Validator()
                val other = Utf8Validator()
                bytes.forEachIndexed { index, byte ->
                    val state = one.decode(byte.toInt())
                    val buffer = ByteBuffer.wrap(bytes)
                    if (index % 3 == 0) {
                        other.decode(byte.toInt())
                    } else {
                        other.feed(buffer, index, index + 1)
                    }
                    (state == Utf8Validator.ACCEPT) shouldBe other.endsOnCodePoint
                    one.totalIndex shouldBe other.totalIndex
                }
            }
        }

        test("random bytes are judged alike however they are cut") {
            checkAll(5_000, Arb.byteArray(Arb.int(0..12), Arb.byte())) { judged(it) }
        }

        test("any text is valid, in one piece and in two") {
            checkAll(1_000, Arb.string(0..40, Arb.codepoints())) { text ->
                val bytes = text.encodeToByteArray()
                Utf8Validator.isValid(bytes) shouldBe true
                judged(bytes)
            }
        }

        test("words of ASCII are skipped whole, and later bytes are still checked") {
            (0..40).forEach { length ->
                val ascii = ByteArray(length) { 'a'.code.toByte() }
                judged(ascii)
                judged(ascii + hex("ff") + ascii)
                judged(ascii + hex("c3 a4") + ascii + hex("f0 9f 98 80") + ascii)
            }
        }

        test("in a long text beyond ASCII an invalid byte is found wherever it is") {
            val bytes = "прекрасный 美好的 🚀".repeat(5).encodeToByteArray()
            judged(bytes)
            bytes.indices.forEach { index ->
                judged(bytes.copyOf().also { it[index] = 0xFF.toByte() })
                judged(bytes.copyOf(index))
            }
        }

        test("Kuhn's stress cases: valid") {
            VALID.forEach { withClue(it) { Utf8Validator.isValid(hex(it)) shouldBe true } }
        }

        test("Kuhn's stress cases: invalid, at which byte") {
            INVALID.forEach { (bytes, index) ->
                withClue(bytes) {
                    Utf8Validator().validate(hex(bytes)).currentIndex shouldBe index
                    Utf8Reference.firstInvalid(hex(bytes)) shouldBe index
                }
            }
        }

        test("validate says valid, ends on code point, index in the chunk, index in all") {
            val validator = Utf8Validator()
            validator.quad("61 62 63") shouldBe listOf(true, true, 3, 3L)
            validator.quad("") shouldBe listOf(true, true, 0, 3L)
            validator.quad("c3") shouldBe listOf(true, false, 1, 4L)
            validator.quad("") shouldBe listOf(true, false, 0, 4L)
            validator.quad("a4 e2 82") shouldBe listOf(true, false, 3, 7L)
            validator.quad("ac 61 ff 62") shouldBe listOf(false, false, 2, 9L)
        }

        test("after an invalid byte it stays rejecting until it is reset") {
            val validator = Utf8Validator()
            validator.quad("61 80") shouldBe listOf(false, false, 1, 1L)
            validator.quad("61") shouldBe listOf(false, false, 0, 1L)
            validator.quad("") shouldBe listOf(false, false, 0, 1L)
            validator.reset()
            validator.quad("61") shouldBe listOf(true, true, 1, 1L)
        }

        test("a reset forgets a code point that is open") {
            listOf("c3", "e0", "ed", "f0 90", "f4").forEach {
                val validator = Utf8Validator()
                validator.validate(hex(it))
                validator.reset()
                validator.quad("f1 80 80 80 e1 80 80") shouldBe listOf(true, true, 7, 7L)
            }
        }

        test("a part of an array is judged alone") {
            Utf8Validator.isValid(hex("ff c3 a4 ff"), 1, 2) shouldBe true
            Utf8Validator.isValid(hex("ff c3 a4 ff"), 1) shouldBe false
            Utf8Validator.isValid(hex("61 c3"), 0) shouldBe false
            Utf8Validator.isValid(ByteArray(0)) shouldBe true
        }

        test("validity shows its values as text") {
            Utf8Validator().validate(hex("61 c3")).toString() shouldBe
                "Utf8Validity(valid=true, endsOnCodePoint=false, currentIndex=2, totalIndex=2)"
        }
    })

private val BYTES = (Byte.MIN_VALUE..Byte.MAX_VALUE).map(Int::toByte)

private fun Utf8Validator.quad(bytes: String): List<Any> {
    val (valid, ends, current, total) = validate(hex(bytes))
    return listOf(valid, ends, current, total)
}

/**
 * Checks the validator's result for [bytes] against both references, in one piece and in two, from
 * a heap and from a direct buffer, between other bytes.
 */
private fun judged(bytes: ByteArray) {
    val invalid = Utf8Reference.firstInvalid(bytes)
    val complete = Utf8Reference.isValid(bytes)
    for (direct in listOf(false, true)) {
        val size = bytes.size + 2
        val buffer = if (direct) ByteBuffer.allocateDirect(size) else ByteBuffer.allocate(size)
        buffer.put(0xFF.toByte()).put(bytes).put(0x80.toByte())
        buffer.position(0)
        for (cut in 0..bytes.size) {
            val validator = Utf8Validator()
            val first = validator.feed(buffer, 1, 1 + cut)
            val second = validator.feed(buffer, 1 + cut, 1 + bytes.size)
            val found = if (first >= 0) {
                first
            } else if (second >= 0) {
                cut + second
            } else {
                null
            }
            check(found == invalid) { "${bytes.toHex()} cut at $cut: $found instead of $invalid" }
            check(validator.endsOnCodePoint == complete) { "${bytes.toHex()} cut at $cut" }
            check(validator.totalIndex == (invalid ?: bytes.size).toLong()) { "total at $cut" }
        }
        check(buffer.position() == 0 && buffer.limit() == size) { "the buffer was changed" }
    }
}

/** Markus Kuhn's UTF-8 stress test, sections 1 and 2, and the non-characters of 5.3. */
private val VALID = listOf(
    "ce ba e1 bd b9 cf 83 ce bc ce b5",
    "00", "c2 80", "e0 a0 80", "f0 90 80 80",
    "7f", "df bf", "ef bf bf", "f4 8f bf bf",
    "ed 9f bf", "ee 80 80", "ef bf bd", "f0 9f bf bf",
    "ef bf be", "ef b7 90", "f1 bf bf bf", "ef bb bf",
)

/** Sections 2 to 5 of the same test, with the index of the first invalid byte. */
private val INVALID = mapOf(
    // 2: too long, or beyond U+10FFFF.
    "f8 88 80 80 80" to 0, "fc 84 80 80 80 80" to 0, "f7 bf bf bf" to 0, "f4 90 80 80" to 1,
    // 3.1: continuation bytes that continue nothing.
    "80" to 0, "bf" to 0, "80 bf 80 bf" to 0, "61 80" to 1,
    // 3.2: lead bytes that lead nowhere.
    "c0 20" to 0, "c3 20" to 1, "e1 20" to 1, "f1 20" to 1, "f8 20" to 0, "fc 20" to 0,
    // 3.3: code points that break off.
    "c3 c3 a4" to 1, "e2 82 61" to 2, "f0 90 80 61" to 3, "f0 90 e2 82 ac" to 2,
    // 3.5: bytes that are never right.
    "fe" to 0, "ff" to 0, "fe fe ff ff" to 0,
    // 4: overlong encodings.
    "c0 af" to 0, "c1 bf" to 0, "e0 80 af" to 1, "e0 9f bf" to 1, "f0 80 80 af" to 1,
    "f0 8f bf bf" to 1,
    // 5: surrogates, alone and in pairs.
    "ed a0 80" to 1, "ed ad bf" to 1, "ed ae 80" to 1, "ed bf bf" to 1, "ed a0 80 ed b0 80" to 1,
)
