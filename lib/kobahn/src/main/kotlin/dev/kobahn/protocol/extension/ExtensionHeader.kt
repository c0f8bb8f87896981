package dev.kobahn.protocol.extension

import dev.kobahn.protocol.HttpGrammar

/**
 * One element of `Sec-WebSocket-Extensions` (RFC 6455 section 9.1): a client's offer or a server's
 * answer. Immutable.
 *
 * @property name the registered name, a token, case kept
 * @property params the parameters in order; a repeated name occurs repeatedly
 * @throws IllegalArgumentException if [name] is not a token
 */
public class ExtensionHeader(
    public val name: String,
    public val params: List<ExtensionParameter>,
) {
    /** An element without parameters. */
    public constructor(name: String) : this(name, emptyList())

    init {
        require(HttpGrammar.isToken(name)) { "the name of an extension must be a token" }
    }

    override fun equals(other: Any?): Boolean =
        other is ExtensionHeader && name == other.name && params == other.params

    override fun hashCode(): Int = 31 * name.hashCode() + params.hashCode()

    /** Returns the element in the form that it has in the header. */
    override fun toString(): String = (listOf(name) + params).joinToString("; ")

    /** Reads whole headers. */
    public companion object {
        /**
         * Parses the value of the header; several fields must be joined by commas. Removes the
         * quotes of quoted values and ignores empty elements. Returns null if the grammar is
         * broken, which must fail the handshake. Never throws.
         */
        @JvmStatic
        public fun parse(text: String): List<ExtensionHeader>? =
            ExtensionHeaderReader(text).elements()

        /** Writes the value of the header. */
        @JvmSynthetic
        internal fun format(extensions: List<ExtensionHeader>): String =
            extensions.joinToString(", ")
    }
}

/**
 * A parameter of an extension. Immutable.
 *
 * @property name a token
 * @property value a token, or null for a parameter without `=`
 * @throws IllegalArgumentException if one of them is not a token
 */
public class ExtensionParameter(public val name: String, public val value: String?) {
    /** A parameter without a value. */
    public constructor(name: String) : this(name, null)

    init {
        require(HttpGrammar.isToken(name)) { "the name of a parameter must be a token" }
        require(value == null || HttpGrammar.isToken(value)) {
            "parameter $name: the value must be a token"
        }
    }

    override fun equals(other: Any?): Boolean =
        other is ExtensionParameter && name == other.name && value == other.value

    override fun hashCode(): Int = 31 * name.hashCode() + value.hashCode()

    override fun toString(): String = if (value == null) name else "$name=$value"
}

/**
 * Parses one header value by recursive descent. A function returns null if the grammar is broken.
 */
private class ExtensionHeaderReader(private val text: String) {
    private var index = 0

    fun elements(): List<ExtensionHeader>? {
        val elements = ArrayList<ExtensionHeader>()
        do {
            skipBlanks()
            if (!isAtEnd && text[index] != ',') elements.add(element() ?: return null)
            skipBlanks()
        } while (take(','))
        return if (isAtEnd) elements else null
    }

    private fun element(): ExtensionHeader? {
        val name = token() ?: return null
        val params = ArrayList<ExtensionParameter>()
        while (take(';')) params.add(parameter() ?: return null)
        return ExtensionHeader(name, params)
    }

    private fun parameter(): ExtensionParameter? {
        val name = token() ?: return null
        if (!take('=')) return ExtensionParameter(name)
        skipBlanks()
        val value = (if (!isAtEnd && text[index] == '"') quoted() else token()) ?: return null
        return ExtensionParameter(name, value)
    }

    private fun token(): String? {
        skipBlanks()
        val start = index
        while (!isAtEnd && HttpGrammar.isTokenChar(text[index])) index++
        return if (index > start) text.substring(start, index) else null
    }

    /** "The value after quoted-string unescaping MUST conform to the 'token' ABNF." */
    private fun quoted(): String? {
        val value = StringBuilder()
        index++
        while (!isAtEnd && text[index] != '"') {
            if (text[index] == '\\') index++
            if (!isAtEnd) value.append(text[index++])
        }
        return if (take('"') && HttpGrammar.isToken(value)) value.toString() else null
    }

    private fun take(char: Char): Boolean {
        skipBlanks()
        if (isAtEnd || text[index] != char) return false
        index++
        return true
    }

    private fun skipBlanks() {
        while (!isAtEnd && (text[index] == ' ' || text[index] == '\t')) index++
    }

    private val isAtEnd get() = index == text.length
}
