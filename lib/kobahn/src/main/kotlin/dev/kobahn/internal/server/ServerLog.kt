package dev.kobahn.internal.server

import dev.kobahn.internal.connection.logError
import dev.kobahn.internal.connection.loggerNamed
import dev.kobahn.protocol.handshake.HttpRequest
import dev.kobahn.protocol.onOneLine
import io.github.oshai.kotlinlogging.KLogger

/** The logger of requests that were refused, each with one line at DEBUG. */
internal val serverLogger: KLogger by lazy { loggerNamed("dev.kobahn.server") }

/** Logs that the application's [callback] failed to serve [request]. */
internal fun logFailure(callback: String, request: HttpRequest, failure: Throwable) =
    logError(failure) { "$callback failed for ${request.peer} ${request.path}".onOneLine() }

/** Calls [log], and ignores it if the logger fails: nothing may depend on a line of the log. */
internal inline fun logSafely(log: () -> Unit) {
    try {
        log()
    } catch (_: Throwable) {
        // The logger was the only one to tell.
    }
}
