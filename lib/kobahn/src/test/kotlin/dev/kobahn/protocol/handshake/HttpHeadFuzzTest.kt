package dev.kobahn.protocol.handshake

import com.code_intelligence.jazzer.junit.FuzzTest
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

/** No head of a peer may throw, and cuts may not matter. */
class HttpHeadFuzzTest {
    @FuzzTest
    fun head(octets: ByteArray) {
        val request = readWhole(RequestHeadParser(), octets)
        textOf(readOctetByOctet(RequestHeadParser(), octets)) shouldBe textOf(request)
        if (request is HeadResult.Complete) judge(request.head)

        val response = readWhole(ResponseHeadParser(), octets)
        textOf(readOctetByOctet(ResponseHeadParser(), octets)) shouldBe textOf(response)
        if (response is HeadResult.Complete) judge(response.head)
    }

    private fun judge(head: RequestHead) {
        RequestHeadParser().headOf(String(head.toOctets(), Charsets.ISO_8859_1)) shouldBe head
        when (val result = ServerHandshake(trustXForwardedFor = 1).check(head, "peer")) {
            is ServerHandshakeResult.Upgrade -> {
                result.request.params
                result.request.toJson()
                ServerHandshake.accept(result.request).toOctets()
            }

            is ServerHandshakeResult.NotAnUpgrade -> result.request.toJson()

            is ServerHandshakeResult.Refused -> result.response.toOctets()
        }
    }

    private fun judge(head: ResponseHead) {
        ResponseHeadParser().headOf(String(head.toOctets(), Charsets.ISO_8859_1)) shouldBe head
        ClientHandshake(ConnectingRequest(), SAMPLE_OCTETS).check(head, "peer")
    }

    private fun <H : Any> readWhole(parser: HttpHeadParser<H>, octets: ByteArray): HeadResult<H>? {
        parser.parse(ByteBuffer.wrap(octets))
        return parser.result
    }

    private fun <H : Any> readOctetByOctet(
        parser: HttpHeadParser<H>,
        octets: ByteArray,
    ): HeadResult<H>? {
        for (index in octets.indices) parser.parse(ByteBuffer.wrap(octets, index, 1))
        return parser.result
    }

    private fun textOf(result: HeadResult<*>?) = when (result) {
        null -> "unfinished"
        is HeadResult.Complete -> result.head.toString()
        is HeadResult.Malformed -> "${result.status} ${result.reason}"
    }
}
