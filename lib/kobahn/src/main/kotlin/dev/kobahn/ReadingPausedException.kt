package dev.kobahn

import dev.kobahn.protocol.ConnectionException

/**
 * A Ping cannot be answered in time because reading is paused: too many messages wait in
 * [WebSocket.incoming] for the application, and the Pong would arrive behind them.
 */
public class ReadingPausedException internal constructor() :
    ConnectionException("reading is paused because received messages wait to be taken", null)
