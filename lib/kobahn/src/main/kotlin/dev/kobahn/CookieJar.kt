package dev.kobahn

import dev.kobahn.protocol.handshake.WebSocketUrl
import java.net.CookieHandler
import java.net.URI

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
         * asked for servers on Unix sockets, which have no host that tells them apart.
         */
        @JvmStatic
        public fun of(handler: CookieHandler): CookieJar = HandledCookies(handler)
    }
}

private class HandledCookies(private val handler: CookieHandler) : CookieJar {
    override fun load(url: WebSocketUrl): String? {
        if (url.socketPath != null) return null
        return handler.get(url.toUri(), emptyMap())["Cookie"]?.filter { it.isNotEmpty() }
            ?.joinToString("; ")?.ifEmpty { null }
    }

    override fun save(url: WebSocketUrl, setCookies: List<String>) {
        if (url.socketPath == null) handler.put(url.toUri(), mapOf("Set-Cookie" to setCookies))
    }

    private fun WebSocketUrl.toUri(): URI {
        val scheme = if (isSecure) "https" else "http"
        return URI(scheme, null, host, port, path, null, null)
    }
}
