package dev.kobahn.protocol

import com.code_intelligence.jazzer.junit.FuzzTest
import java.nio.ByteBuffer

/**
 * The validator agrees with the JDK and with the RFC's grammar. The first octet chooses the cut.
 */
class Utf8FuzzTest {
    @FuzzTest
    fun text(input: ByteArray) {
        if (input.isEmpty()) return
        val octets = input.copyOfRange(1, input.size)
        val cut = (input[0].toInt() and 0xFF) % (octets.size + 1)
        val validator = Utf8Validator()
        val buffer = ByteBuffer.wrap(octets)
        val valid =
            validator.feed(buffer, 0, cut) < 0 && validator.feed(buffer, cut, octets.size) < 0
        check((valid && validator.endsOnCodePoint) == Utf8Reference.isValid(octets))
        val invalid = Utf8Reference.firstInvalid(octets)
        check(valid == (invalid == null))
        check(validator.totalIndex == (invalid ?: octets.size).toLong())
    }
}
