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
        val entry = when (field) {
            ForwardedField.X_FORWARDED_FOR -> HttpGrammar.elements(headers[NAME]).let {
                it.getOrNull(it.size - trustedProxies)
            }

            ForwardedField.FORWARDED -> node(headers.getAll(Forwarded.NAME), trustedProxies)
        }
        return entry?.onOneLine() ?: peer
    }

    /**
     * Returns the node of the element with this [number] from the right, 1 for the last. Reads each
     * line alone, and none before the one with that element: a malformed line of the client must not
     * swallow that of a proxy.
     */
    private fun node(lines: List<String>, number: Int): String? {
        var rest = number
        for (line in lines.asReversed()) {
            val nodes = Forwarded.nodes(line).ifEmpty { return null }
            if (rest <= nodes.size) return nodes[nodes.size - rest]
            rest -= nodes.size
        }
        return null
    }
}
