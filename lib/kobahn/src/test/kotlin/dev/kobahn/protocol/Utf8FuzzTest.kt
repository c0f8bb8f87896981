package dev.kobahn.protocol

import com.code_intelligence.jazzer.junit.FuzzTest
import java.nio.ByteBuffer

/**
 * The validator agrees with the JDK and with the RFC's grammar. The first byte chooses the cut.
 */
class Utf8FuzzTest {
    @FuzzTest
    fun text(input: ByteArray) {
        if (input.isEmpty()) return
        val bytes = input.copyOfRange(1, input.size)
        val cut = (input[0].toInt() and 0xFF) % (bytes.size + 1)
        val validator = Utf8Validator()
        val buffer = ByteBuffer.wrap(bytes)
        val valid =
            validator.feed(buffer, 0, cut) < 0 && validator.feed(buffer, cut, bytes.size) < 0
        check((valid && validator.endsOnCodePoint) == Utf8Reference.isValid(bytes))
        val invalid = Utf8Reference.firstInvalid(bytes)
        check(valid == (invalid == null))
        check(validator.totalIndex == (invalid ?: bytes.size).toLong())
    }
}
