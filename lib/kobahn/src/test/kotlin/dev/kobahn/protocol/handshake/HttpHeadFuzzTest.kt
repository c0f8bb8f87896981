package dev.kobahn.protocol.handshake

import com.code_intelligence.jazzer.junit.FuzzTest
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

/** No head of a peer may throw, and cuts may not matter. */
class HttpHeadFuzzTest {
    @FuzzTest
    fun head(bytes: ByteArray) {
        val request = readWhole(RequestHeadParser(), bytes)
        textOf(readByteByByte(RequestHeadParser(), bytes)) shouldBe textOf(request)
        if (request is HeadResult.Complete) judge(request.head)

        val response = readWhole(ResponseHeadParser(), bytes)
        textOf(readByteByByte(ResponseHeadParser(), bytes)) shouldBe textOf(response)
        if (response is HeadResult.Complete) judge(response.head)
    }

    private fun judge(head: RequestHead) {
        RequestHeadParser().headOf(String(head.toBytes(), Charsets.ISO_8859_1)) shouldBe head
        when (val result = ServerHandshake(trustXForwardedFor = 1).check(head, "peer")) {
            is ServerHandshakeResult.Upgrade -> {
                result.request.params
                result.request.toString()
                ServerHandshake().accept(result.request).toBytes()
            }

            is ServerHandshakeResult.NotAnUpgrade -> result.request.toString()

            is ServerHandshakeResult.Refused -> result.response.toBytes()
        }
    }

    private fun judge(head: ResponseHead) {
        ResponseHeadParser().headOf(String(head.toBytes(), Charsets.ISO_8859_1)) shouldBe head
        ClientHandshake(ConnectingRequest(), SAMPLE_BYTES).check(head, "peer")
    }

    private fun <H : Any> readWhole(parser: HttpHeadParser<H>, bytes: ByteArray): HeadResult<H>? {
        parser.parse(ByteBuffer.wrap(bytes))
        return parser.result
    }

    private fun <H : Any> readByteByByte(
        parser: HttpHeadParser<H>,
        bytes: ByteArray,
    ): HeadResult<H>? {
        for (index in bytes.indices) parser.parse(ByteBuffer.wrap(bytes, index, 1))
        return parser.result
    }

    private fun textOf(result: HeadResult<*>?) = when (result) {
        null -> "unfinished"
        is HeadResult.Complete -> result.head.toString()
        is HeadResult.Malformed -> "${result.status} ${result.reason}"
    }
}
