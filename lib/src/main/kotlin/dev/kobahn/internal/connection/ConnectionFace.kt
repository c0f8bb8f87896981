package dev.kobahn.internal.connection

/** What the application sees of a [connection]. */
internal interface ConnectionFace {
    val connection: Connection
}
