package dev.kobahn.protocol.handshake

/**
 * Names and values that nearly every handshake has. A connection keeps its request as long as it
 * lives; with these shared it costs a third of a kilobyte less.
 */
internal object CommonText {
    private val texts = listOf(
        "Host", "Upgrade", "Connection", "Origin", "User-Agent", "Pragma", "Cache-Control",
        "Cookie",
        SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_EXTENSIONS,
        "Accept-Encoding", "Accept-Language",
        WEBSOCKET, "WebSocket", "upgrade", "keep-alive, Upgrade", "13", "no-cache",
        "permessage-deflate; client_max_window_bits", "gzip, deflate, br", "localhost", "/",
    )

    private val byLength: List<List<String>> =
        List(texts.maxOf { it.length } + 1) { length -> texts.filter { it.length == length } }

    /** [text] itself, or an equal one that others have too. */
    fun shared(text: String): String = byLength.getOrNull(text.length)?.find { it == text } ?: text

    /** The text of [octets] from [start] to [end], for a common one that which others have too. */
    fun of(octets: ByteArray, start: Int, end: Int): String {
        val length = end - start
        val candidates = if (length < byLength.size) byLength[length] else emptyList()
        for (index in candidates.indices) {
            if (candidates[index].isAt(octets, start)) return candidates[index]
        }
        return String(octets, start, length, Charsets.ISO_8859_1)
    }

    private fun String.isAt(octets: ByteArray, start: Int): Boolean {
        for (index in indices) if (this[index].code.toByte() != octets[start + index]) return false
        return true
    }
}
