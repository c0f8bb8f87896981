package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar

internal const val ORIGIN = "Origin"
internal const val SEC_WEBSOCKET_ACCEPT = "Sec-WebSocket-Accept"
internal const val SEC_WEBSOCKET_EXTENSIONS = "Sec-WebSocket-Extensions"
internal const val SEC_WEBSOCKET_KEY = "Sec-WebSocket-Key"
internal const val SEC_WEBSOCKET_ORIGIN = "Sec-WebSocket-Origin"
internal const val SEC_WEBSOCKET_PROTOCOL = "Sec-WebSocket-Protocol"
internal const val SEC_WEBSOCKET_VERSION = "Sec-WebSocket-Version"
internal const val WEBSOCKET = "websocket"

/** Lower-case `websocket`, because some peers compare it with regard to case. */
internal val UPGRADE: Headers = headersOf("Upgrade" to WEBSOCKET, "Connection" to "Upgrade")

private val PROTECTED = setOf("upgrade", "connection", "content-length", "transfer-encoding")

/**
 * Returns the first of [headers] that only the handshake itself may write, or that announces a
 * body; null if there is none.
 */
internal fun protectedField(headers: Headers): String? = headers.names.firstOrNull { name ->
    val lower = name.lowercase()
    lower in PROTECTED || lower.startsWith("sec-websocket-")
}

internal fun requireNotProtected(headers: Headers) {
    if (headers.size == 0) return
    val name = protectedField(headers)
    require(name == null) { "header $name belongs to the opening handshake" }
}

/** Whether the comma list [name] has the element [word], without regard to case. */
internal fun Headers.hasElement(name: String, word: String): Boolean {
    val list = this[name] ?: return false
    // Fast path for a list of one element, which nearly every request has.
    if (list.equals(word, ignoreCase = true)) return true
    return HttpGrammar.elements(list).any { it.equals(word, ignoreCase = true) }
}

/** Whether [text] can be the value of a header field: no control character except HTAB. */
internal fun isFieldValue(text: String): Boolean = text.all(HttpGrammar::isFieldChar)

/** Whether [subprotocols] are valid subprotocols: tokens, each once. */
internal fun areSubprotocols(subprotocols: List<String>): Boolean =
    subprotocols.all(HttpGrammar::isToken) && subprotocols.toSet().size == subprotocols.size
