package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar

/**
 * The page for browsers at the address of a WebSocket server, which can also send them to another
 * page. Immutable. Autobahn: `webStatus`.
 *
 * Without a query the answer is the page. With `redirect=URL` it is a redirect; with
 * `after=SECONDS` too, it is the page, which sends the browser on after that time. Anyone can write
 * such a link, so the target must have the scheme http or https and one of the [allowedRedirects]
 * as its origin. Any other target, and a time that is not a number, is answered with 400.
 *
 * @property allowedRedirects patterns as in [AllowedOrigins]; empty, the default, allows no
 * redirect
 * @throws IllegalArgumentException for an empty pattern
 */
public class ServerStatus
@JvmOverloads
constructor(
    public val allowedRedirects: List<String> = emptyList(),
) {
    private val allowed = AllowedOrigins(allowedRedirects)

    /** Returns the answer to [request]. */
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

    /** Makes pages without a request. */
    public companion object {
        /**
         * Returns the page. With a [redirectUrl], a browser goes there after [redirectAfter]
         * seconds. Autobahn: `sendServerStatus`.
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
 * An absolute http or https URL to send a browser to.
 *
 * @property url visible ASCII; all other characters are percent-encoded
 */
private class RedirectTarget(val origin: Origin, val url: String) {
    companion object {
        private const val PATH_SIGNS = "/?#[]@!$&'()*+,;=:%"

        /**
         * Returns null for text that browsers might read differently from [Origin], such as `a@b`
         * or `%2e`.
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
