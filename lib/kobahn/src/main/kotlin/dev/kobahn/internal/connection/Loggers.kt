package dev.kobahn.internal.connection

import io.github.oshai.kotlinlogging.KLogger
import io.github.oshai.kotlinlogging.KotlinLoggingConfiguration

/** The logger of connections, servers and clients. */
internal val connectionLogger: KLogger by lazy { loggerNamed("dev.kobahn.connection") }

/**
 * The logger [name]. `KotlinLogging.logger` would do the same, but the first use of that object
 * prints a line to standard output, which is the application's.
 */
internal fun loggerNamed(name: String): KLogger =
    KotlinLoggingConfiguration.loggerFactory.logger(name)

/** Logs [failure]. Never throws: whatever has to be done besides must not depend on the log. */
internal fun logError(failure: Throwable, message: () -> String) =
    logSafely { connectionLogger.error(failure, message) }

/** Calls [log], and ignores it if the logger fails: nothing may depend on a line of the log. */
internal inline fun logSafely(log: () -> Unit) {
    try {
        log()
    } catch (_: Throwable) {
        // A full disk, or no memory: there is nobody else to tell.
    }
}
