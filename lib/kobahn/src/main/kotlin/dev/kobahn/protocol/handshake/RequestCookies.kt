package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar

/**
 * Reads the `Cookie` fields of a request (RFC 6265 section 4.2). Tolerant: a part without a name or
 * without a `=` is skipped. Stateless.
 */
internal object RequestCookies {
    /**
     * Returns names with their values, in order. Of several cookies with one name the first counts,
     * as clients send the one with the longest path first (section 5.4).
     */
    fun parse(headers: Headers): Map<String, String> {
        val cookies = LinkedHashMap<String, String>()
        forEach(headers) { name, value -> if (name !in cookies) cookies[name] = value }
        return cookies
    }

    /** Returns the value of the first cookie with this [name], or null. */
    fun find(headers: Headers, name: String): String? {
        forEach(headers) { found, value -> if (found == name) return value }
        return null
    }

    private inline fun forEach(headers: Headers, action: (name: String, value: String) -> Unit) {
        for (field in headers.getAll("Cookie")) {
            for (part in field.splitToSequence(';')) {
                val name = HttpGrammar.trim(part.substringBefore('=', ""))
                if (name.isEmpty()) continue
                action(name, unquoted(HttpGrammar.trim(part.substringAfter('='))))
            }
        }
    }

    private fun unquoted(value: String): String {
        val isQuoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"')
        return if (isQuoted) value.substring(1, value.length - 1) else value
    }
}
