package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar

/**
 * The "resource name" of RFC 6455 section 3: path and query of a URL. Both keep their
 * percent-encoding, and path parameters after `;` belong to the path.
 */
@JvmInline
internal value class ResourceName private constructor(private val text: String) {
    val path: String get() = text.substringBefore('?')

    val query: String? get() = if ('?' in text) text.substringAfter('?') else null

    val parameters: Map<String, List<String>>
        get() = query?.let(PercentCoding::parameters).orEmpty()

    override fun toString(): String = text

    companion object {
        /** The target of an OPTIONS that asks about the server (RFC 9112 section 3.2.4). */
        val ASTERISK = ResourceName("*")

        /**
         * Parses a request target in origin form or absolute form, ignoring scheme and authority
         * (RFC 9112 section 3.2). Returns null if it is neither or has a fragment.
         */
        fun ofTarget(target: String): ResourceName? {
            if ('#' in target) return null
            if (target.startsWith('/')) return of(target)
            val schemeEnd = target.indexOf("://")
            if (schemeEnd < 0 || !isScheme(target.substring(0, schemeEnd))) return null
            val authority = target.substring(schemeEnd + "://".length)
            return ofTail(authority.dropWhile { it != '/' && it != '?' })
        }

        /** Parses the part of a URL behind the authority: empty, or a path, a query or both. */
        fun ofTail(tail: String): ResourceName = of(if (tail.startsWith('/')) tail else "/$tail")

        private fun of(text: String) = ResourceName(CommonHeaderText.shared(text))

        private fun isScheme(text: String) = text.isNotEmpty() && !HttpGrammar.isDigit(text[0]) &&
            text.all { HttpGrammar.isAlphanumeric(it) || it in "+-." }
    }
}
