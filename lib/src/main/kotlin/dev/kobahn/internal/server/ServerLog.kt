package dev.kobahn.internal.server

import dev.kobahn.internal.connection.connectionLogger

/**
 * Logs that what the application provides has failed. Nothing comes of it if the logger fails too:
 * what is done about the failure must not depend on it.
 */
internal fun logFailure(failure: Throwable, message: () -> String) {
    try {
        connectionLogger.error(failure, message)
    } catch (_: Throwable) {
        // Nobody is left who could be told.
    }
}
