package dev.kobahn.samples

private const val HIDDEN = "\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Co}\\p{Cs}\\p{Cn}"
private val UNSAFE = Regex("[$HIDDEN]")
private val UNSAFE_BUT_LINES = Regex("[$HIDDEN&&[^\\n\\t]]")

/**
 * This text with everything escaped that commands a terminal, hides or breaks the line; with [lines]
 * a line feed and a tab are let through.
 */
internal fun String.printable(lines: Boolean = false): String =
    replace(if (lines) UNSAFE_BUT_LINES else UNSAFE) { unsafe ->
        unsafe.value.map { "\\u%04x".format(it.code) }.joinToString("")
    }

/** What is quoted of others: line by line, indented so that none of them looks like one of ours. */
internal fun String.quoted(): String = trimEnd().lines().joinToString("\n") {
    "    ${it.printable()}"
}
