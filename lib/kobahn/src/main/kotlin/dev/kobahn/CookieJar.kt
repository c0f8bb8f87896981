package dev.kobahn

import dev.kobahn.protocol.handshake.WebSocketUrl
import java.net.CookieHandler
import java.net.URI
import java.net.URISyntaxException

/**
 * Keeps the cookies of a client, for its option `cookies`. It is asked for each request, those after
 * a redirect included, and so must decide by the URL which cookies a server may see (RFC 6265
 * section 5). The calls come from several coroutines at once and must not block for long.
 *
 * ```
 * webSocketClient { cookies = CookieJar.of(CookieManager()) }
 * ```
 */
public interface CookieJar {
    /** Returns the `Cookie` field for a request to [url], such as `a=1; b=2`, or null for none. */
    public fun load(url: WebSocketUrl): String?

    /** Keeps the cookies of a response from [url]; [setCookies] are its `Set-Cookie` fields. */
    public fun save(url: WebSocketUrl, setCookies: List<String>)

    /** Makes jars. */
    public companion object {
        /**
         * Returns a jar over a handler of the JDK or of Android, such as a
         * [CookieManager][java.net.CookieManager], which keeps cookies in memory. It is given URLs
         * with http for ws and https for wss, so it can be shared with a client of HTTP. It is not
         * asked for servers on Unix sockets, which have no host that tells them apart, nor for hosts
         * that [java.net.URI] refuses, such as `my_service`: requests to them carry no cookies of it.
         */
        @JvmStatic
        public fun of(handler: CookieHandler): CookieJar = HandledCookies(handler)
    }
}

private class HandledCookies(private val handler: CookieHandler) : CookieJar {
    override fun load(url: WebSocketUrl): String? {
        val uri = url.toUri() ?: return null
        return handler.get(uri, emptyMap())["Cookie"]?.filter { it.isNotEmpty() }
            ?.joinToString("; ")?.ifEmpty { null }
    }

    override fun save(url: WebSocketUrl, setCookies: List<String>) {
        val uri = url.toUri() ?: return
        handler.put(uri, mapOf("Set-Cookie" to setCookies))
    }

    /** Returns null for a server that the handler cannot be asked about. */
    private fun WebSocketUrl.toUri(): URI? {
        if (socketPath != null) return null
        return try {
            URI(if (isSecure) "https" else "http", null, host, port, path, null, null)
        } catch (_: URISyntaxException) {
            null
        }
    }
}
