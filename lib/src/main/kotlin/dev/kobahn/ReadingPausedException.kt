package dev.kobahn

import java.io.IOException

/**
 * A Ping cannot be answered in time because reading stands still: too many messages wait in
 * [WebSocket.incoming] for the application to take them, and the Pong would be behind them.
 */
public class ReadingPausedException internal constructor() :
    IOException("reading is paused because received messages wait to be taken")
