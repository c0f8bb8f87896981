package dev.kobahn.protocol

/**
 * Returns bytes from their hexadecimal digits, ignoring spaces: `hex("81 05 48 65 6c 6c 6f")`.
 */
fun hex(text: String): ByteArray =
    text.filterNot(Char::isWhitespace).chunked(2).map { it.toInt(16).toByte() }.toByteArray()

/** The inverse of [hex]. */
fun ByteArray.toHex(): String {
    val text = StringBuilder(size * 3)
    for (byte in this) {
        if (text.isNotEmpty()) text.append(' ')
        text.append(DIGITS[byte.toInt() shr 4 and 0xF]).append(DIGITS[byte.toInt() and 0xF])
    }
    return text.toString()
}

private const val DIGITS = "0123456789abcdef"
