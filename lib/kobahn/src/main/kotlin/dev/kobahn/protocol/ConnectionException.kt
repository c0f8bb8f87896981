package dev.kobahn.protocol

/**
 * The connection cannot do what the caller asked: it was refused, has ended, or its reading is
 * paused. The subclasses tell these apart.
 */
public abstract class ConnectionException internal constructor(message: String, cause: Throwable?) :
    WebSocketException(message, cause)
