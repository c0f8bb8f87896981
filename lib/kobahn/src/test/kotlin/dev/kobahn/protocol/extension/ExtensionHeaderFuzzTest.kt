package dev.kobahn.protocol.extension

import com.code_intelligence.jazzer.junit.FuzzTest
import io.kotest.matchers.shouldBe

/** Parsing never throws, and a parsed header survives being written. */
class ExtensionHeaderFuzzTest {
    @FuzzTest
    fun header(bytes: ByteArray) {
        val read = ExtensionHeader.parse(String(bytes, Charsets.ISO_8859_1)) ?: return
        ExtensionHeader.parse(ExtensionHeader.format(read)) shouldBe read
    }
}
