package dev.kobahn.protocol

/** Writes [value] as JSON: null, text, numbers and booleans, maps and lists of them. */
internal fun StringBuilder.appendJson(value: Any?): StringBuilder = apply {
    when (value) {
        is String -> appendJsonText(value)

        is Map<*, *> -> appendJsonParts('{', value.entries, '}') { (name, part) ->
            appendJsonText(name.toString()).append(": ").appendJson(part)
        }

        is Iterable<*> -> appendJsonParts('[', value, ']') { appendJson(it) }

        else -> append(value)
    }
}

private fun <T> StringBuilder.appendJsonParts(
    open: Char,
    parts: Iterable<T>,
    close: Char,
    write: (T) -> Unit,
) {
    append(open)
    parts.forEachIndexed { index, part ->
        if (index > 0) append(", ")
        write(part)
    }
    append(close)
}

private fun StringBuilder.appendJsonText(text: String): StringBuilder {
    append('"')
    for (char in text) {
        when {
            char == '"' || char == '\\' -> append('\\').append(char)

            // JSON does not require this, but a terminal may print the text.
            !isPrintable(char.code) -> appendEscaped(char)

            else -> append(char)
        }
    }
    return append('"')
}
