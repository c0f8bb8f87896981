package dev.kobahn.autobahn

import dev.kobahn.protocol.HttpGrammar
import dev.kobahn.protocol.handshake.AllowedOrigins
import dev.kobahn.protocol.handshake.HostAndPort
import dev.kobahn.protocol.handshake.HttpRequest
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.HttpStatus
import dev.kobahn.protocol.handshake.Origin
import dev.kobahn.protocol.handshake.PercentCoding

/**
 * The page for browsers at the address of a WebSocket server, which can also send them to another
 * page. Immutable. Autobahn: `webStatus`.
 *
 * Without a query the answer is the page. With `redirect=URL` it is a redirect; with
 * `after=SECONDS` too, it is the page, which sends the browser on after that time. Anyone can write
 * such a link, so the target must have the scheme http or https and one of the [allowedRedirects]
 * as its origin. Any other target, and a time that is not a number, is answered with 400.
 *
 * @param allowedRedirects patterns as in [AllowedOrigins]
 * @throws IllegalArgumentException for an empty pattern
 */
public class StatusPage(allowedRedirects: List<String>) {
    /** A page that allows no redirect. */
    public constructor() : this(emptyList())

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

    /** Returns the page. Autobahn: `sendServerStatus`. */
    public fun page(): HttpResponse = HttpResponse.html(html(url = null, after = 0))

    /**
     * Returns the page, from which a browser goes to [redirectUrl] after [redirectAfter] seconds,
     * whether a request could ask for that or not. Autobahn: `sendServerStatus`.
     *
     * @throws IllegalArgumentException unless [redirectUrl] is an http or https URL and
     * [redirectAfter] is not negative
     */
    public fun page(redirectUrl: String, redirectAfter: Int): HttpResponse {
        require(redirectAfter >= 0) { "redirectAfter is $redirectAfter, must be 0 or more" }
        val target = RedirectTarget.parse(redirectUrl)
        requireNotNull(target) { "redirectUrl is no http or https URL" }
        return HttpResponse.html(html(escaped(target.url), redirectAfter))
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
