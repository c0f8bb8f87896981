package dev.kobahn.protocol

import java.io.IOException

/**
 * The base class of exceptions about a peer or a connection: the peer broke a rule
 * ([ProtocolException]), or the connection cannot be used ([ConnectionException]). A transport that
 * cannot be reached or bound throws a plain [IOException], and a mistake of the program an
 * [IllegalArgumentException] or [IllegalStateException]. ws4py: `WebSocketException`.
 */
public sealed class WebSocketException(message: String, cause: Throwable?) :
    IOException(message, cause)
