package dev.kobahn.protocol

/**
 * The lexical rules of HTTP (RFC 9110 section 5), as far as opening handshakes need them.
 * Stateless.
 */
internal object HttpGrammar {
    const val HTTP_1_0 = "HTTP/1.0"
    const val HTTP_1_1 = "HTTP/1.1"
    const val HTTP_2 = "HTTP/2.0"

    private const val TOKEN_SIGNS = "!#$%&'*+-.^_`|~"
    private const val MAX_ASCII = 0x7F
    private const val MAX_LATIN_1 = 0xFF
    private val tokenTable = BooleanArray(MAX_ASCII) { code ->
        code.toChar().let { isAlphanumeric(it) || it in TOKEN_SIGNS }
    }

    fun isDigit(char: Char): Boolean = char in '0'..'9'

    fun isAlphanumeric(char: Char): Boolean = char in 'a'..'z' || char in 'A'..'Z' || isDigit(char)

    /** Whether [text] is a token (RFC 9110 section 5.6.2): not empty, no separators. */
    fun isToken(text: CharSequence): Boolean = text.isNotEmpty() && text.all(::isTokenChar)

    fun isTokenChar(char: Char): Boolean = char.code < MAX_ASCII && tokenTable[char.code]

    /** Whether a field value or a reason phrase may hold [char] (RFC 9110 section 5.5). */
    fun isFieldChar(char: Char): Boolean = char.code <= MAX_LATIN_1 && !isControl(char.code)

    /**
     * Whether [byte] is a control character. HTAB does not count, because a line may contain it.
     */
    fun isControl(byte: Int): Boolean = (byte < ' '.code && byte != '\t'.code) || byte == MAX_ASCII

    /** Whether [char] may stand in a request target: visible ASCII. */
    fun isTargetChar(char: Char): Boolean = char > ' ' && char.code < MAX_ASCII

    /** Whether [text] is `HTTP/` with a one-digit major and minor version. */
    fun isVersion(text: String): Boolean =
        text.length == HTTP_1_1.length && text.startsWith("HTTP/") &&
            isDigit(text[5]) && text[6] == '.' && isDigit(text[7])

    /** Returns [text] without the optional white space (SP, HTAB) around it. */
    fun trim(text: String): String = text.trim { it == ' ' || it == '\t' }

    /** Returns the elements of a comma list without the empty ones (RFC 9110 section 5.6.1.2). */
    fun elements(text: String?): List<String> {
        if (text.isNullOrEmpty()) return emptyList()
        return text.split(',').map(::trim).filter { it.isNotEmpty() }
    }

    /**
     * Returns the number that [text] stands for, or null if it has other characters than digits or
     * is above [max].
     */
    fun decimal(text: String, max: Int): Int? =
        text.takeIf { it.isNotEmpty() && it.all(::isDigit) }?.toIntOrNull()?.takeIf { it <= max }
}
