package dev.kobahn.protocol.proxy

import dev.kobahn.protocol.HttpGrammar
import dev.kobahn.protocol.handshake.HeadLimits
import dev.kobahn.protocol.handshake.HeadResult
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.HttpStatus
import dev.kobahn.protocol.handshake.RefusalBody
import dev.kobahn.protocol.handshake.RequestHead
import dev.kobahn.protocol.handshake.ResponseHead
import dev.kobahn.protocol.handshake.ResponseHeadParser
import dev.kobahn.protocol.handshake.hasElement
import dev.kobahn.protocol.onOneLine
import java.nio.ByteBuffer
import kotlin.io.encoding.Base64

/**
 * CONNECT to an HTTP proxy (RFC 9110 section 9.3.6). The request carries `Host`, `User-Agent`, the
 * given [headers] and `Proxy-Authorization`, and nothing of the target's request.
 *
 * @param target host and port, an IPv6 address in brackets; the proxy looks the name up
 * @param userAgent null or empty to leave the field out
 * @param credentials sent with the first request if [sendsAtOnce], else once after a 407
 */
internal class HttpConnect(
    private val target: String,
    private val userAgent: String?,
    private val headers: Headers = Headers.EMPTY,
    private val credentials: ProxyCredentials? = null,
    private val sendsAtOnce: Boolean = true,
    private val limits: HeadLimits = HeadLimits.DEFAULT,
) : ProxyDialogue {
    @Volatile
    private var isAuthorized = credentials != null && sendsAtOnce

    /** Whether the request was sent again, and no byte of an answer has come since. */
    private var isRepeated = false
    private var parser = ResponseHeadParser(limits)

    /** The answer that is no 2xx, while its body is read. */
    @Volatile
    private var refusing: ResponseHead? = null

    @Volatile
    private var body: RefusalBody? = null

    override val partialRefusal: ProxyRefusal?
        get() {
            val head = refusing ?: return null
            val body = body ?: return null
            // An answer that credentials follow refuses nothing, and may be over meanwhile.
            return if (wantsCredentials(head) || refusing !== head) null else refusal(head, body)
        }

    override val opening: ByteArray get() = request()

    private fun request(): ByteArray {
        val fields = Headers.Builder().add("Host", target)
        if (!userAgent.isNullOrEmpty() && "User-Agent" !in headers) {
            fields.add("User-Agent", userAgent)
        }
        fields.addAll(headers)
        if (isAuthorized) credentials?.let { fields.add(PROXY_AUTHORIZATION, basic(it)) }
        return RequestHead("CONNECT", target, HttpGrammar.HTTP_1_1, fields.build()).toBytes()
    }

    private fun basic(credentials: ProxyCredentials): String {
        val text = "${credentials.user}:${credentials.password}"
        return "Basic " + Base64.Default.encode(text.encodeToByteArray())
    }

    override fun receive(input: ByteBuffer): ProxyStep {
        if (input.hasRemaining()) isRepeated = false
        while (body == null) {
            if (!parser.parse(input)) return ProxyStep.More
            onHead(input)?.let { return it }
        }
        return if (body!!.add(input)) refused() else ProxyStep.More
    }

    private fun onHead(input: ByteBuffer): ProxyStep? = when (val result = parser.result) {
        is HeadResult.Complete -> judge(result.head, input)

        is HeadResult.Malformed -> {
            val advice = if (result.isTooLarge) "" else "; is it an HTTP proxy?"
            ProxyStep.Refused(ProxyRefusal(result.ofAnswer + advice))
        }

        null -> error("the parser is done but has no result")
    }

    /** Returns null if more of the answer follows: another head, or the body of a refusal. */
    private fun judge(head: ResponseHead, input: ByteBuffer): ProxyStep? {
        if (!head.version.startsWith("HTTP/1.")) {
            return ProxyStep.Refused(ProxyRefusal("the answer is not HTTP/1.1"))
        }
        when (head.status) {
            in SUCCESSES -> return if (input.hasRemaining()) early(head) else ProxyStep.Open

            in INTERIM -> {
                parser = ResponseHeadParser(limits)
                return null
            }
        }
        refusing = head
        val body = RefusalBody(head).also { body = it }
        // Not after the body, which may end with the transport.
        if (wantsCredentials(head) && !mayContinue(head, body)) return ProxyStep.Reconnect
        return if (body.isComplete) refused() else null
    }

    /** Bytes of a target that has not been asked anything would be taken for its answer. */
    private fun early(head: ResponseHead) = ProxyStep.Refused(
        ProxyRefusal("data follows the answer ${head.status} before anything was asked"),
    )

    private fun refused(): ProxyStep {
        val head = refusing!!
        val body = body!!
        if (!wantsCredentials(head)) return ProxyStep.Refused(refusal(head, body))
        // First, because partialRefusal is asked from other threads.
        refusing = null
        this.body = null
        isAuthorized = true
        isRepeated = true
        parser = ResponseHeadParser(limits)
        return ProxyStep.Send(request())
    }

    /** Whether [head] asks for the credentials that were not sent yet. */
    private fun wantsCredentials(head: ResponseHead) =
        credentials != null && !isAuthorized && asksForBasic(head)

    private fun asksForBasic(head: ResponseHead) = head.status == AUTHENTICATION_REQUIRED &&
        head.headers.getAll("Proxy-Authenticate").any { challenges ->
            HttpGrammar.elements(challenges).any { it.substringBefore(' ').equals("Basic", true) }
        }

    /** Whether the proxy takes another request on the same transport (RFC 9112 section 9.3). */
    private fun mayContinue(head: ResponseHead, body: RefusalBody) =
        head.version == HttpGrammar.HTTP_1_1 && body.isDelimited &&
            !head.headers.hasElement("Connection", "close") &&
            !head.headers.hasElement("Proxy-Connection", "close")

    private fun refusal(head: ResponseHead, body: RefusalBody): ProxyRefusal {
        val answer = "answered ${head.status} ${head.reason}".trim().onOneLine()
        return ProxyRefusal(answer + remedy(head), head.status, head.headers, body.bytes)
    }

    private fun remedy(head: ResponseHead): String = when (head.status) {
        AUTHENTICATION_REQUIRED -> when {
            isAuthorized -> "; check user and password"
            credentials == null -> "; it asks for user and password"
            else -> "; it asks for something else than Basic, which is all that is supported"
        }

        HttpStatus.FORBIDDEN, HttpStatus.METHOD_NOT_ALLOWED ->
            "; it may allow tunnels to some hosts and ports only"

        in BAD_GATEWAYS -> "; it may not reach the target, or not know its name"

        else -> ""
    }

    override fun end(): ProxyStep {
        val head = refusing
        return when {
            // The proxy may not have seen the request: it closed when it had asked for credentials.
            isRepeated || (head != null && wantsCredentials(head)) -> ProxyStep.Reconnect

            head != null -> ProxyStep.Refused(refusal(head, body!!))

            else -> ProxyStep.Refused(
                ProxyRefusal("the proxy ended the connection without an answer"),
            )
        }
    }

    internal companion object {
        const val PROXY_AUTHORIZATION = "Proxy-Authorization"
        private val SUCCESSES = 200..299
        private val INTERIM = 100..199
        private const val AUTHENTICATION_REQUIRED = 407
        private val BAD_GATEWAYS = 502..504
    }
}
