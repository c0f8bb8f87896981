package dev.kobahn.protocol.handshake

/**
 * Names and values that nearly every opening handshake has. All connections share one text for each:
 * a connection keeps its request as long as it lives. Immutable.
 */
internal object CommonHeaderText {
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

    /** Returns the common text that equals [text], or else [text] itself. */
    fun shared(text: String): String = byLength.getOrNull(text.length)?.find { it == text } ?: text

    /** Decodes [bytes] from [start] to [end], to the common text if there is one. */
    fun decode(bytes: ByteArray, start: Int, end: Int): String {
        val length = end - start
        val candidates = if (length < byLength.size) byLength[length] else emptyList()
        for (index in candidates.indices) {
            if (candidates[index].isAt(bytes, start)) return candidates[index]
        }
        return String(bytes, start, length, Charsets.ISO_8859_1)
    }
}

/** Decodes the values of header fields. A server has one that shares equal values. */
internal fun interface HeaderValueDecoder {
    /** Returns the value of the field [name]: [bytes] from [start] to [end] in ISO-8859-1. */
    fun decode(name: String, bytes: ByteArray, start: Int, end: Int): String

    companion object {
        /** Shares nothing but the [CommonHeaderText]. */
        val PLAIN = HeaderValueDecoder { _, bytes, start, end ->
            CommonHeaderText.decode(bytes, start, end)
        }
    }
}

/** Whether [bytes] have this text, in ISO-8859-1, from [start] on. */
internal fun String.isAt(bytes: ByteArray, start: Int): Boolean {
    for (index in indices) if (this[index].code.toByte() != bytes[start + index]) return false
    return true
}
