package dev.kobahn.protocol.handshake

/**
 * What a handshake asks for: the path and query of a URL, the "resource name" of RFC 6455 section
 * 3. Both keep their percent-encoding, and path parameters after `;` belong to the path.
 */
internal class ResourceName private constructor(val path: String, val query: String?) {
    val parameters: Map<String, List<String>>
        get() = query?.let(PercentCoding::parameters).orEmpty()

    override fun toString(): String = if (query == null) path else "$path?$query"

    companion object {
        /**
         * Reads a request target in origin form or in absolute form, whose scheme and authority
         * are passed over (RFC 9112 section 3.2); null when it is neither or has a fragment.
         */
        fun ofTarget(target: String): ResourceName? {
            if ('#' in target) return null
            if (target.startsWith('/')) return split(target)
            val schemeEnd = target.indexOf("://")
            if (schemeEnd < 0 || !isScheme(target.substring(0, schemeEnd))) return null
            val authority = target.substring(schemeEnd + "://".length)
            return ofTail(authority.dropWhile { it != '/' && it != '?' })
        }

        /** Reads what follows the authority of a URL: empty, or a path, a query or both. */
        fun ofTail(tail: String): ResourceName = split(if (tail.startsWith('/')) tail else "/$tail")

        private fun split(text: String): ResourceName {
            val mark = text.indexOf('?')
            if (mark < 0) return ResourceName(text, null)
            return ResourceName(text.substring(0, mark), text.substring(mark + 1))
        }

        private fun isScheme(text: String) = text.isNotEmpty() && !HttpGrammar.isDigit(text[0]) &&
            text.all { HttpGrammar.isAlphanumeric(it) || it in "+-." }
    }
}
