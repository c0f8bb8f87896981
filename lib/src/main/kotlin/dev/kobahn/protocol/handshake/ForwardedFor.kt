package dev.kobahn.protocol.handshake

/** `X-Forwarded-For`, which every proxy on the way adds to. Stateless. */
internal object ForwardedFor {
    const val NAME = "X-Forwarded-For"

    /**
     * The address that the outermost of [trustedProxies] saw, or [peer] when none is trusted. A
     * header with fewer entries than there are trusted proxies did not pass all of them and counts
     * for nothing: a client could have written it.
     */
    fun peer(headers: Headers, trustedProxies: Int, peer: Any): Any {
        if (trustedProxies == 0) return peer
        val entries = HttpGrammar.elements(headers[NAME])
        return entries.getOrNull(entries.size - trustedProxies) ?: peer
    }
}
