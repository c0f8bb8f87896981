package dev.kobahn.protocol

/**
 * Returns the text with every character escaped that could begin a new line, hide, or command a
 * terminal: control and format characters, line separators, and unassigned code points. All text of
 * a peer passes through this before it is printed.
 */
internal fun String.onOneLine(): String {
    if (indices.all { isPrintable(this[it].code) }) return this
    val line = StringBuilder(length)
    var index = 0
    while (index < length) {
        val codePoint = codePointAt(index)
        val end = index + Character.charCount(codePoint)
        if (isPrintable(codePoint)) line.append(this, index, end) else line.escape(this, index, end)
        index = end
    }
    return line.toString()
}

private fun StringBuilder.escape(text: String, start: Int, end: Int) {
    for (index in start until end) appendEscaped(text[index])
}

/** Appends [char] as `\u` and four digits, which JSON reads as well. */
internal fun StringBuilder.appendEscaped(char: Char) {
    append("\\u").append(char.code.toString(HEX).padStart(DIGITS, '0'))
}

/** Whether [codePoint] is visible and stays on its line. Half of a surrogate pair does not. */
internal fun isPrintable(codePoint: Int): Boolean = when (Character.getType(codePoint).toByte()) {
    Character.CONTROL,
    Character.FORMAT,
    Character.LINE_SEPARATOR,
    Character.PARAGRAPH_SEPARATOR,
    Character.PRIVATE_USE,
    Character.SURROGATE,
    Character.UNASSIGNED,
    -> false

    else -> true
}

private const val HEX = 16
private const val DIGITS = 4
