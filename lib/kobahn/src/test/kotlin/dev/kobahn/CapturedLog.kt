package dev.kobahn

import java.io.ByteArrayOutputStream
import java.io.PrintStream

/** Runs [block] and returns what was logged meanwhile. */
internal suspend fun capturedLog(block: suspend () -> Unit): String {
    val before = System.err
    val captured = ByteArrayOutputStream()
    System.setErr(PrintStream(captured, true))
    try {
        block()
    } finally {
        System.setErr(before)
    }
    return captured.toString().lines().filterNot { STARTED in it }.joinToString("\n")
}

/** Every server says so when it starts. */
private const val STARTED = " INFO dev.kobahn.server - listening at "

/** How often [text] occurs. */
internal fun String.count(text: String): Int = windowed(text.length).count { it == text }
