package dev.kobahn.protocol.handshake

import com.code_intelligence.jazzer.junit.FuzzTest
import io.kotest.matchers.shouldBe

/** A URL is parsed or refused with an argument error, and a parsed URL survives being written. */
class WebSocketUrlFuzzTest {
    @FuzzTest
    fun url(bytes: ByteArray) {
        val url = parsed(String(bytes, Charsets.UTF_8)) ?: return
        WebSocketUrl.parse(url.toString()) shouldBe url
        url.params.values.all { it.isNotEmpty() } shouldBe true
        val asked = ConnectingRequest(url.host, url.port, url.resource)
        ClientHandshake(asked, SAMPLE_BYTES, url.isSecure).request.headers["Host"] shouldBe
            url.hostHeader
    }

    private fun parsed(text: String): WebSocketUrl? = try {
        WebSocketUrl.parse(text)
    } catch (expected: IllegalArgumentException) {
        (expected.message.orEmpty().isNotEmpty()) shouldBe true
        null
    }
}
