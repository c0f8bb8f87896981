package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar

/**
 * The page for browsers at the address of a WebSocket server, which may send them on to another
 * page. Immutable. Autobahn: `webStatus`.
 *
 * The query says what is wanted: nothing, and there is the page; `redirect=URL`, and the answer is
 * a redirect; `after=SECONDS` as well, and the page sends the browser on after that time. Since
 * anyone can write such a link, only targets of the schemes http and https whose origin is one of
 * [allowedRedirects] are followed; any other, or a time that is no number, is 400.
 *
 * @property allowedRedirects patterns as in [AllowedOrigins]; none, the default, follows no target
 * @throws IllegalArgumentException for an empty pattern
 */
public class ServerStatus
@JvmOverloads
constructor(
    public val allowedRedirects: List<String> = emptyList(),
) {
    private val allowed = AllowedOrigins(allowedRedirects)

    /** The answer to [request]. */
    public fun answer(request: HttpRequest): HttpResponse {
        val redirect = request.param("redirect") ?: return page()
        val target = RedirectTarget.parse(redirect) ?: return refuse("malformed redirect")
        val host = request.headers["Host"]?.let { HostAndPort.parse(it) }
        if (!allowed.permits(target.origin, host)) return refuse("redirect is not allowed")
        val after = request.param("after") ?: return HttpResponse.redirect(target.url)
        val seconds = HttpGrammar.decimal(after, Int.MAX_VALUE) ?: return refuse("malformed after")
        return page(target.url, seconds)
    }

    private fun refuse(reason: String) = HttpResponse(HttpStatus.BAD_REQUEST, reason)

    /** Pages without a request. */
    public companion object {
        /**
         * The page. With a [redirectUrl], a browser goes there after [redirectAfter] seconds.
         * Autobahn: `sendServerStatus`.
         *
         * @throws IllegalArgumentException unless [redirectUrl] is an http or https URL and
         * [redirectAfter] is not negative
         */
        @JvmStatic
        @JvmOverloads
        public fun page(redirectUrl: String? = null, redirectAfter: Int = 0): HttpResponse {
            require(redirectAfter >= 0) { "redirectAfter is $redirectAfter, must be 0 or more" }
            val target = redirectUrl?.let {
                requireNotNull(RedirectTarget.parse(it)) { "redirectUrl is no http or https URL" }
            }
            return HttpResponse.html(html(target?.url?.let(::escaped), redirectAfter))
        }

        private fun html(url: String?, after: Int): String {
            val refresh = url?.let { """<meta http-equiv="refresh" content="$after;url=$it">""" }
            val next = url?.let {
                """<p>Your browser goes to <a href="$it">$it</a> in $after seconds.</p>"""
            }
            return """
                <!DOCTYPE html>
                <html lang="en">
                <head><meta charset="utf-8">${refresh.orEmpty()}<title>Kobahn</title></head>
                <body>
                <h1>Kobahn</h1>
                <p>This is a WebSocket endpoint, not a web server.</p>${next.orEmpty()}
                </body>
                </html>
            """.trimIndent()
        }

        private fun escaped(text: String) = text.replace("&", "&amp;").replace("<", "&lt;")
            .replace(">", "&gt;").replace("\"", "&quot;").replace("'", "&#39;")
    }
}

/**
 * An absolute http or https URL for a browser to go to.
 *
 * @property url visible ASCII; what else stood there is percent-encoded
 */
private class RedirectTarget(val origin: Origin, val url: String) {
    companion object {
        private const val PATH_SIGNS = "/?#[]@!$&'()*+,;=:%"

        /**
         * Null for what browsers might read otherwise than [Origin] does, such as `a@b` or `%2e`.
         */
        fun parse(text: String): RedirectTarget? {
            val scheme = text.substringBefore("://", "").lowercase()
            if (scheme != "http" && scheme != "https") return null
            val authority = text.substring(scheme.length + "://".length).takeWhile { it !in "/?#" }
            val origin = Origin.parse(text)?.takeUnless { '%' in authority } ?: return null
            val tail = text.substring(scheme.length + "://".length + authority.length)
            if (tail.any { HttpGrammar.isControl(it.code) || it == '\t' }) return null
            return RedirectTarget(
                origin,
                "$scheme://$authority" + PercentCoding.encode(tail, PATH_SIGNS),
            )
        }
    }
}
