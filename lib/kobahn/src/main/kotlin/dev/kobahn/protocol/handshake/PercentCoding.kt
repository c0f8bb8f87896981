package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar

/**
 * Percent-encoding (RFC 3986 section 2.1) of UTF-8 text in paths and queries of URLs. Stateless.
 */
internal object PercentCoding {
    private const val HEX = 16
    private const val NIBBLE = 4
    private const val LOW_NIBBLE = 0xF
    private const val ESCAPE_LENGTH = 3
    private const val MAX_ASCII = 0x7F
    private const val UNRESERVED_SIGNS = "-._~"
    private const val DIGITS = "0123456789ABCDEF"

    /**
     * Decodes [text]. A `%` without two hex digits stays; bytes that are not UTF-8 become
     * replacement characters. A `+` stays too: it means a space only in form data, which
     * [HttpRequest.params] decodes.
     */
    fun decode(text: String): String = decode(text, form = false)

    /**
     * Encodes all characters of [text] except letters, digits and `-._~`, for any part of a URL.
     */
    fun encode(text: String): String = encode(text, safe = "")

    /** Decodes [text]; in a [form] a `+` means a space. */
    fun decode(text: String, form: Boolean): String {
        if ('%' !in text && !(form && '+' in text)) return text
        if (text.any { it.code > MAX_ASCII }) return decode(encodeBeyondAscii(text), form)
        val bytes = ByteArray(text.length)
        var length = 0
        var index = 0
        while (index < text.length) {
            val escaped = escapedByte(text, index)
            bytes[length++] = when {
                escaped >= 0 -> escaped.toByte()
                form && text[index] == '+' -> ' '.code.toByte()
                else -> text[index].code.toByte()
            }
            index += if (escaped >= 0) ESCAPE_LENGTH else 1
        }
        return String(bytes, 0, length, Charsets.UTF_8)
    }

    private fun encodeBeyondAscii(text: String): String {
        val ascii = CharArray(MAX_ASCII + 1) { it.toChar() }.concatToString()
        return encode(text, safe = ascii)
    }

    private fun escapedByte(text: String, index: Int): Int {
        if (text[index] != '%' || index + ESCAPE_LENGTH > text.length) return -1
        val high = Character.digit(text[index + 1], HEX)
        val low = Character.digit(text[index + 2], HEX)
        return if (high < 0 || low < 0) -1 else (high shl NIBBLE) or low
    }

    /** Encodes all characters of [text] except letters, digits, `-._~` and those in [safe]. */
    fun encode(text: String, safe: String): String {
        val encoded = StringBuilder(text.length)
        for (byte in text.toByteArray(Charsets.UTF_8)) {
            val char = (byte.toInt() and 0xFF).toChar()
            if (HttpGrammar.isAlphanumeric(char) || char in UNRESERVED_SIGNS || char in safe) {
                encoded.append(char)
            } else {
                encoded.append('%').append(DIGITS[char.code shr NIBBLE])
                    .append(DIGITS[char.code and LOW_NIBBLE])
            }
        }
        return encoded.toString()
    }

    /** Parses form data to names with their values, in order, without names that have no value. */
    fun parameters(query: String): Map<String, List<String>> {
        val parameters = LinkedHashMap<String, MutableList<String>>()
        for (part in query.split('&')) {
            val sign = part.indexOf('=')
            if (sign < 0 || sign == part.length - 1) continue
            val name = decode(part.substring(0, sign), form = true)
            val value = decode(part.substring(sign + 1), form = true)
            parameters.getOrPut(name) { ArrayList(1) }.add(value)
        }
        return parameters
    }

    /** Writes [parameters] as form data. The inverse of the other function [parameters]. */
    fun query(parameters: Map<String, List<String>>): String =
        parameters.entries.joinToString("&") { (name, values) ->
            values.joinToString("&") { formEncode(name) + "=" + formEncode(it) }
        }

    private fun formEncode(text: String) = encode(text, safe = " ").replace(' ', '+')
}
