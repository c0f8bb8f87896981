package dev.kobahn

/**
 * What a server does with connections to a path, see [WebSocketServerOptions.route]. What is not
 * set here is as at the server, also if it is set there later.
 */
@WebSocketDsl
public class Route
internal constructor(
    /** The path as it was given, with its `{name}` segments. */
    public val path: String,
    server: WebSocketServerOptions? = null,
) : ServerConnectionOptions(server) {
    private val segments = path.split('/')
    private val isPlain: Boolean

    init {
        require(path.startsWith('/')) { "route path is \"$path\", must begin with /" }
        val names = segments.mapNotNull(::nameOf)
        require(names.size == names.toSet().size) { "route path \"$path\" has a name twice" }
        isPlain = names.isEmpty()
    }

    internal var handler: (suspend ServerWebSocket.() -> Unit)? = null
        private set

    /**
     * The life of a connection on this route, see [ServerWebSocket]. Default: the server's
     * [onConnect][WebSocketServerOptions.onConnect].
     */
    public fun onConnect(handler: suspend ServerWebSocket.() -> Unit) {
        check(!isFrozen) { "onConnect cannot be changed any more" }
        this.handler = handler
    }

    /** The values of the `{name}` segments if this route matches [path], else null. */
    internal fun match(path: String): Map<String, String>? {
        if (isPlain) return if (path == this.path) emptyMap() else null
        val actual = path.split('/')
        if (actual.size != segments.size) return null
        val values = LinkedHashMap<String, String>()
        for ((expected, given) in segments.zip(actual)) {
            val name = nameOf(expected)
            when {
                name == null -> if (expected != given) return null
                given.isEmpty() -> return null
                else -> values[name] = given
            }
        }
        return values
    }

    private fun nameOf(segment: String): String? {
        val isName = segment.startsWith('{') && segment.endsWith('}')
        return if (isName) segment.substring(1, segment.length - 1) else null
    }
}
