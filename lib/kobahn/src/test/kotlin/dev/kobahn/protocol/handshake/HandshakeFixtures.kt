package dev.kobahn.protocol.handshake

import io.kotest.core.spec.style.scopes.FunSpecContainerScope
import io.kotest.core.test.TestScope
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer

/** The example of RFC 6455 section 1.3. */
internal const val SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
internal const val SAMPLE_ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
internal val SAMPLE_BYTES = "the sample nonce".toByteArray()

internal val REQUEST_FIELDS =
    headersOf(
        "Host" to "server.example.com",
        "Upgrade" to "websocket",
        "Connection" to "Upgrade",
        "Sec-WebSocket-Key" to SAMPLE_KEY,
        "Sec-WebSocket-Version" to "13",
    )

internal val RESPONSE_FIELDS =
    headersOf(
        "Upgrade" to "websocket",
        "Connection" to "Upgrade",
        "Sec-WebSocket-Accept" to SAMPLE_ACCEPT,
    )

/**
 * Returns these headers with [value] as the only one of [name], or without the field if it is null.
 */
internal fun Headers.with(name: String, value: String?): Headers {
    val others = filterNot { it.key.equals(name, ignoreCase = true) }
    val fields = Headers.Builder().apply { others.forEach { add(it.key, it.value) } }.build()
    return if (value == null) fields else fields + (name to value)
}

/** The sample request, with its parts replaced. */
internal fun request(
    headers: Headers = REQUEST_FIELDS,
    target: String = "/chat",
    method: String = "GET",
    version: String = "HTTP/1.1",
) = RequestHead(method, target, version, headers)

/** The sample request with another value for the field [name], or without it. */
internal fun replaced(name: String, value: String?) = request(REQUEST_FIELDS.with(name, value))

/** The sample request with one more field. */
internal fun added(name: String, value: String) = request(REQUEST_FIELDS + (name to value))

internal fun ServerHandshake.upgraded(head: RequestHead): ConnectionRequest =
    check(head, "tcp4:1.2.3.4:5").shouldBeInstanceOf<ServerHandshakeResult.Upgrade>().request

internal fun ServerHandshake.refused(head: RequestHead): HttpResponse =
    check(head, "tcp4:1.2.3.4:5").shouldBeInstanceOf<ServerHandshakeResult.Refused>().response

internal fun bytes(text: String): ByteBuffer =
    ByteBuffer.wrap(text.toByteArray(Charsets.ISO_8859_1))

internal fun <H : Any> HttpHeadParser<H>.headOf(text: String): H {
    parse(bytes(text))
    return result.shouldNotBeNull().shouldBeInstanceOf<HeadResult.Complete<H>>().head
}

internal fun HttpHeadParser<*>.faultOf(text: String): HeadResult.Malformed {
    parse(bytes(text))
    return result.shouldNotBeNull().shouldBeInstanceOf<HeadResult.Malformed>()
}

internal fun HttpResponse.text(): String = String(toBytes(), Charsets.ISO_8859_1)

/** Registers one test for each of [rows], named by its number and its text in escaped form. */
internal suspend fun <T> FunSpecContainerScope.vectors(
    vararg rows: T,
    check: suspend TestScope.(T) -> Unit,
) {
    rows.forEachIndexed { index, row ->
        test("${index + 1}: ${escaped(row.toString())}") { check(row) }
    }
}

/** Registers one test for each of [rows], a pair or triple that begins with the rule's name. */
internal suspend fun <T> FunSpecContainerScope.rules(
    vararg rows: T,
    check: suspend TestScope.(T) -> Unit,
) {
    for (row in rows) {
        val name = if (row is Triple<*, *, *>) row.first else (row as Pair<*, *>).first
        test(name.toString()) { check(row) }
    }
}

private fun escaped(text: String) =
    text.map { if (it in ' '..'~') it.toString() else "\\u%04x".format(it.code) }.joinToString("")
