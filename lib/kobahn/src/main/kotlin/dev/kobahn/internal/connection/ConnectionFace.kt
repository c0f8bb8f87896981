package dev.kobahn.internal.connection

/** The application's view of a [connection]. */
internal interface ConnectionFace {
    val connection: Connection
}
