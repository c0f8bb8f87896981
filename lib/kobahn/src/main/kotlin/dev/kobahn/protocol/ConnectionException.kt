package dev.kobahn.protocol

/**
 * A connection cannot do what it was asked for: it was refused, has ended, or stands still. Its
 * subclasses say which.
 */
public abstract class ConnectionException internal constructor(message: String, cause: Throwable?) :
    WebSocketException(message, cause)
