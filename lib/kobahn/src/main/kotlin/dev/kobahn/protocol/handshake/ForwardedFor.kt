package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar
import dev.kobahn.protocol.onOneLine

/** `X-Forwarded-For`, which every proxy on the way adds to. Stateless. */
internal object ForwardedFor {
    const val NAME = "X-Forwarded-For"

    /**
     * The address that the outermost of [trustedProxies] saw, or [peer] when none is trusted. A
     * header with fewer entries than there are trusted proxies did not pass all of them and counts
     * for nothing: a client could have written it. The text is printable, since a peer's name is what
     * logs say of a connection.
     */
    fun peer(headers: Headers, trustedProxies: Int, peer: Any): Any {
        if (trustedProxies == 0) return peer
        val entries = HttpGrammar.elements(headers[NAME])
        return entries.getOrNull(entries.size - trustedProxies)?.onOneLine() ?: peer
    }
}
