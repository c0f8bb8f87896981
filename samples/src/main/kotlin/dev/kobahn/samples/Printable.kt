package dev.kobahn.samples

private const val HIDDEN = "\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Co}\\p{Cs}\\p{Cn}"
private val UNSAFE = Regex("[$HIDDEN]")
private val UNSAFE_BUT_LINES = Regex("[$HIDDEN&&[^\\n\\t]]")

/**
 * Returns this text with all characters escaped that command a terminal, hide text or break the
 * line. If [lines] is true, line feeds and tabs stay.
 */
internal fun String.printable(lines: Boolean = false): String =
    replace(if (lines) UNSAFE_BUT_LINES else UNSAFE) { unsafe ->
        unsafe.value.map { "\\u%04x".format(it.code) }.joinToString("")
    }

/** Returns this text of a peer with each line indented, so that none looks like a line of ours. */
internal fun String.quoted(): String = trimEnd().lines().joinToString("\n") {
    "    ${it.printable()}"
}
