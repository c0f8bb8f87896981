package dev.kobahn.protocol.handshake

/**
 * Names and values that nearly every handshake has, or those before it had. A connection keeps its
 * request as long as it lives; with these shared it costs a third of a kilobyte less. Thread-safe.
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

    /** The clients of a server send few different values in these, and no secrets. */
    private val recurring = listOf("Host", "Origin", "User-Agent", "Accept-Language")

    /** Such values, by their hash. Who finds one too late makes one more: that is no harm. */
    private val recent = arrayOfNulls<String>(RECENT)

    private const val RECENT = 64
    private const val MAX_RECURRING = 256
    private const val HASH_FACTOR = 31

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

    /** The value of the field [name], from [start] to [end]; as [of]. */
    fun value(name: String, octets: ByteArray, start: Int, end: Int): String {
        val isRecurring = end - start <= MAX_RECURRING &&
            recurring.any { it.equals(name, ignoreCase = true) }
        if (!isRecurring) return of(octets, start, end)
        var hash = 0
        for (index in start until end) hash = HASH_FACTOR * hash + octets[index]
        val place = (hash xor (hash ushr Short.SIZE_BITS)) and (RECENT - 1)
        val known = recent[place]
        if (known?.length == end - start && known.isAt(octets, start)) return known
        return of(octets, start, end).also { recent[place] = it }
    }

    private fun String.isAt(octets: ByteArray, start: Int): Boolean {
        for (index in indices) if (this[index].code.toByte() != octets[start + index]) return false
        return true
    }
}
