package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar
import dev.kobahn.protocol.IpAddress

/** The field `Forwarded` (RFC 7239), to which every proxy on the way adds an element. Stateless. */
internal object Forwarded {
    const val NAME = "Forwarded"
    private const val MAX_PORT = 65535

    /**
     * Returns the node of `for` of each element in [value], null for an element whose node is
     * missing or malformed. Returns no element at all if [value] breaks the grammar: a client may
     * have written an open quotation mark to swallow the element of a proxy.
     */
    fun nodes(value: String): List<String?> = Elements(value).read().orEmpty()

    /** Reads the elements of [text]. */
    private class Elements(private val text: String) {
        private var index = 0

        fun read(): List<String?>? {
            val nodes = ArrayList<String?>()
            while (true) {
                skipBlanks()
                // A list may have empty elements (RFC 9110 section 5.6.1.2).
                if (!isAt(',') && !isAtEnd) nodes += (element() ?: return null).node
                if (isAtEnd) return nodes
                if (!skip(',')) return null
            }
        }

        private class Element(val node: String?)

        /** Returns null for a malformed element. */
        private fun element(): Element? {
            val names = HashSet<String>()
            var node: String? = null
            do {
                skipBlanks()
                if (!isAt(';') && !isAt(',') && !isAtEnd) {
                    val name = token().lowercase()
                    if (name.isEmpty() || !skip('=')) return null
                    val value =
                        (if (isAt('"')) quoted() else token().ifEmpty { null }) ?: return null
                    if (!names.add(name)) return null
                    if (name == "for") node = value.takeIf(::isNode)
                    skipBlanks()
                }
            } while (skip(';'))
            return Element(node)
        }

        private fun token(): String {
            val start = index
            while (!isAtEnd && HttpGrammar.isTokenChar(text[index])) index++
            return text.substring(start, index)
        }

        /** Reads a quoted string (RFC 9110 section 5.6.4); null if it does not end. */
        private fun quoted(): String? {
            val value = StringBuilder()
            index++
            while (!isAtEnd) {
                val char = text[index++]
                when {
                    char == '"' -> return value.toString()
                    char != '\\' -> value.append(char)
                    isAtEnd -> return null
                    else -> value.append(text[index++])
                }
            }
            return null
        }

        private val isAtEnd: Boolean get() = index == text.length

        private fun isAt(char: Char) = !isAtEnd && text[index] == char

        private fun skip(char: Char): Boolean = isAt(char).also { if (it) index++ }

        private fun skipBlanks() {
            while (isAt(' ') || isAt('\t')) index++
        }
    }

    /** Whether [text] is a node (RFC 7239 section 6), with or without a port. */
    private fun isNode(text: String): Boolean {
        val isIpv6 = text.startsWith('[')
        if (isIpv6 && ']' !in text) return false
        val name = if (isIpv6) text.substringBefore(']') + "]" else text.substringBefore(':')
        val port = text.drop(name.length)
        val isPort = port.isEmpty() || (port[0] == ':' && isPort(port.substring(1)))
        return isPort && isName(name, isIpv6)
    }

    private fun isName(name: String, isIpv6: Boolean): Boolean {
        val literal = if (isIpv6) name.removeSurrounding("[", "]") else name
        if (isIpv6) return ':' in literal && IpAddress.parse(literal) != null
        return name == "unknown" || isObfuscated(name) || IpAddress.parse(name) != null
    }

    private fun isPort(text: String) =
        HttpGrammar.decimal(text, MAX_PORT) != null || isObfuscated(text)

    /** Whether [text] hides an address or a port (RFC 7239 section 6.3). */
    private fun isObfuscated(text: String) = text.length > 1 && text[0] == '_' &&
        text.drop(1).all { HttpGrammar.isAlphanumeric(it) || it in "._-" }
}
