package dev.kobahn.protocol.handshake

/**
 * Names and values that nearly every handshake has. A connection keeps its request as long as it
 * lives; with these shared it costs a third of a kilobyte less.
 */
internal object CommonText {
    private val texts: Map<String, String> = listOf(
        "Host", "Upgrade", "Connection", "Origin", "User-Agent", "Pragma", "Cache-Control",
        "Cookie",
        SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_EXTENSIONS,
        "Accept-Encoding", "Accept-Language",
        WEBSOCKET, "WebSocket", "upgrade", "keep-alive, Upgrade", "13", "no-cache",
        "permessage-deflate; client_max_window_bits", "gzip, deflate, br", "localhost", "/",
    ).associateBy { it }

    /** [text] itself, or an equal one that others have too. */
    fun shared(text: String): String = texts[text] ?: text
}
