package dev.kobahn.internal.server

import dev.kobahn.internal.connection.loggerNamed
import io.github.oshai.kotlinlogging.KLogger

/** The logger of requests that were refused, each with one line at DEBUG. */
internal val serverLogger: KLogger by lazy { loggerNamed("dev.kobahn.server") }

/**
 * Does the logging that [log] is. Nothing comes of it if the logger fails: what is done about that
 * which is logged must not depend on it.
 */
internal inline fun logSafely(log: () -> Unit) {
    try {
        log()
    } catch (_: Throwable) {
        // Nobody is left who could be told.
    }
}
