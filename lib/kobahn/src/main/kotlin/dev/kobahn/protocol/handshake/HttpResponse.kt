package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar

/**
 * A whole HTTP response that does not open a WebSocket: a refusal or a small page. The connection
 * ends with it, so the encoder itself writes `Connection: close` and `Content-Length`.
 *
 * @property status 200 to 599
 * @property reason the reason phrase of the status line
 * @property headers further fields; options in a `Connection` field go in front of `close`
 * @property body handed over, not copied: it must not change any more
 * @throws IllegalArgumentException if a part contains control characters, if [headers] has
 * `Content-Length` or `Transfer-Encoding`, or for a body where the status forbids one (204, 304)
 */
public class HttpResponse(
    public val status: Int,
    public val reason: String = HttpStatus.reasonPhrase(status),
    public val headers: Headers = Headers.EMPTY,
    public val body: ByteArray = ByteArray(0),
) {
    init {
        require(status in FINAL_STATUS_CODES) {
            "status must be in $FINAL_STATUS_CODES, but is $status"
        }
        requireReason(reason)
        for (name in arrayOf("Content-Length", "Transfer-Encoding")) {
            require(name !in headers) { "header $name is written by the encoder" }
        }
        require(body.isEmpty() || status !in BODILESS) {
            "an answer with status $status has no body"
        }
    }

    /** A response with the standard phrase and nothing else. */
    public constructor(status: Int) : this(status, HttpStatus.reasonPhrase(status))

    /** Returns a copy with another [status] and its standard phrase. */
    public fun withStatus(status: Int): HttpResponse =
        HttpResponse(status, headers = headers, body = body)

    /** Returns a copy with [more] fields in front, which replace fields of the same name. */
    public fun withHeaders(more: Headers): HttpResponse {
        val fields = Headers.Builder().addAll(more)
        for ((name, value) in headers) if (name !in more) fields.add(name, value)
        return HttpResponse(status, reason, fields.build(), body)
    }

    /** Returns a copy with a `Server` field, unless it has one or [server] is null or empty. */
    @JvmSynthetic
    internal fun withServer(server: String?): HttpResponse =
        if (server.isNullOrEmpty() || "Server" in headers) {
            this
        } else {
            HttpResponse(status, reason, headersOf("Server" to server) + headers, body)
        }

    /** Returns the bytes of the whole response. */
    public fun toBytes(): ByteArray = head() + body

    /**
     * Returns the bytes of the response to a request with this [method]: for `HEAD` without the
     * body, with the `Content-Length` it would have (RFC 9110 section 9.3.2).
     */
    public fun toBytes(method: String): ByteArray = if (method == "HEAD") head() else toBytes()

    private fun head(): ByteArray {
        val fields = Headers.Builder()
        for ((name, value) in headers) {
            if (!name.equals("Connection", ignoreCase = true)) fields.add(name, value)
        }
        fields.add("Connection", (headers.getAll("Connection") + "close").joinToString(", "))
        if (status !in BODILESS) fields.add("Content-Length", body.size.toString())
        return ResponseHead(HttpGrammar.HTTP_1_1, status, reason, fields.build()).toBytes()
    }

    override fun toString(): String = "$status $reason $headers, ${body.size} bytes"

    /** Makes common responses. */
    public companion object {
        private val FINAL_STATUS_CODES = 200..599
        private val BODILESS = setOf(204, 304)

        /** Returns a page of HTML in UTF-8. The caller must escape everything put into [html]. */
        @JvmStatic
        public fun html(html: String): HttpResponse = page("text/html; charset=utf-8", html)

        /** Returns plain text in UTF-8. */
        @JvmStatic
        public fun text(text: String): HttpResponse = page("text/plain; charset=utf-8", text)

        /** Returns a redirect to [url] by 303; [url] must not come from the request unchecked. */
        @JvmStatic
        public fun redirect(url: String): HttpResponse = redirect(url, HttpStatus.SEE_OTHER)

        /** Returns a redirect to [url] with a [status] of 300 to 399. */
        @JvmStatic
        public fun redirect(url: String, status: Int): HttpResponse {
            require(status in 300..399) {
                "a redirect has a status in 300..399, but this is $status"
            }
            return HttpResponse(status, headers = headersOf("Location" to url))
        }

        private fun page(contentType: String, text: String) = HttpResponse(
            HttpStatus.OK,
            headers = headersOf("Content-Type" to contentType),
            body = text.toByteArray(Charsets.UTF_8),
        )
    }
}
