package dev.kobahn

import dev.kobahn.protocol.handshake.PercentCoding

/**
 * A server's handler and options for connections to one path, see [WebSocketServerOptions.route].
 * Options that are not set here have the server's values, even if those are set later.
 */
@WebSocketDsl
public class Route
internal constructor(
    /** The path as configured, with its `{name}` segments. */
    public val path: String,
    server: WebSocketServerOptions? = null,
) : ServerConnectionOptions(server) {
    private class Segment(val text: String, val name: String?, val isTail: Boolean)

    private val segments = path.split('/').map(::segment)
    private val isPlain = segments.all { it.name == null }

    init {
        require(path.startsWith('/')) { "route path is \"$path\", must begin with /" }
        val names = segments.mapNotNull { it.name }
        require(names.size == names.toSet().size) { "route path \"$path\" has a name twice" }
        require(segments.dropLast(1).none { it.isTail }) {
            "route path \"$path\" goes on behind the rest of the path"
        }
        require(segments.none { it.isTail && it.name!!.isEmpty() }) {
            "route path \"$path\" has no name for the rest of the path"
        }
    }

    internal var handler: (suspend ServerWebSocket.() -> Unit)? = null
        private set

    /**
     * Sets the handler of connections on this route, see [ServerWebSocket]. Default: the server's
     * [onConnect][WebSocketServerOptions.onConnect].
     */
    public fun onConnect(handler: suspend ServerWebSocket.() -> Unit) {
        check(!isFrozen) { "onConnect cannot be changed any more" }
        this.handler = handler
    }

    /** Returns the values of the `{name}` segments if this route matches [path], else null. */
    internal fun match(path: String): Map<String, String>? {
        if (isPlain) return if (path == this.path) emptyMap() else null
        // Do not split the path: this runs for every route, and the client controls the path.
        val values = LinkedHashMap<String, String>(0)
        var start = 0
        for (index in segments.indices) {
            val segment = segments[index]
            val slash = if (segment.isTail) -1 else path.indexOf('/', start)
            if ((slash < 0) != (index == segments.lastIndex)) return null
            val end = if (slash < 0) path.length else slash
            if (!segment.matches(path, start, end)) return null
            if (segment.name != null) {
                values[segment.name] = PercentCoding.decode(path.substring(start, end))
            }
            start = end + 1
        }
        return values
    }

    private fun Segment.matches(path: String, start: Int, end: Int): Boolean = when {
        isTail -> true
        name != null -> start < end
        else -> end - start == text.length && path.startsWith(text, start)
    }

    private fun segment(text: String): Segment {
        val isName = text.startsWith('{') && text.endsWith('}')
        val isTail = isName && text.endsWith("$REST}")
        val name = if (isName) text.substring(1, text.length - 1) else null
        return Segment(text, if (isTail) name?.removeSuffix(REST) else name, isTail)
    }

    private companion object {
        const val REST = "..."
    }
}
