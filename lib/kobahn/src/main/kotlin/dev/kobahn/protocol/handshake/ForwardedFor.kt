package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar
import dev.kobahn.protocol.onOneLine

/** The fields to which every proxy on the way adds an entry that names its peer. Stateless. */
internal object ForwardedFor {
    const val NAME = "X-Forwarded-For"

    /**
     * Returns the address that the outermost of [trustedProxies] saw, or [peer] without trusted
     * proxies. The [field] is ignored if it has fewer entries than there are trusted proxies: it
     * did not pass all of them, so a client may have written it. The text is printable, because
     * logs name connections by it.
     */
    fun peer(headers: Headers, field: ForwardedField, trustedProxies: Int, peer: Any): Any {
        if (trustedProxies == 0) return peer
        val entries = when (field) {
            ForwardedField.X_FORWARDED_FOR -> HttpGrammar.elements(headers[NAME])
            ForwardedField.FORWARDED -> Forwarded.nodes(headers[Forwarded.NAME].orEmpty())
        }
        return entries.getOrNull(entries.size - trustedProxies)?.onOneLine() ?: peer
    }
}
