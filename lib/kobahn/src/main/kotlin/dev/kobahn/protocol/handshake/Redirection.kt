package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar

/** The target of an opening handshake's redirect (RFC 9110 sections 10.2.2 and 15.4). */
internal object Redirection {
    private val STATUSES = setOf(301, 302, 303, 307, 308)
    private val SCHEMES =
        mapOf("http" to "ws", "https" to "wss", "ws" to "ws", "wss" to "wss")
    private val SECRETS = setOf("authorization", "cookie", "host", "proxy-authorization")

    /** Whether a response with [status] and [headers] is a redirect. */
    fun isOne(status: Int?, headers: Headers): Boolean =
        status in STATUSES && headers.count("Location") == 1

    /**
     * Returns the URL that [location] names, relative to [base] (RFC 3986 section 5.2). http stands
     * for ws, and https for wss.
     *
     * @throws IllegalArgumentException if there is none to go to, with a reason that quotes nothing
     */
    fun resolve(base: WebSocketUrl, location: String): WebSocketUrl {
        val reference = encoded(location.substringBefore('#'))
        val scheme = reference.substringBefore(':', "")
        val hasScheme = scheme.isNotEmpty() && scheme.none { it in "/?" }
        val target = when {
            hasScheme -> absolute(scheme, reference.substring(scheme.length))

            reference.startsWith(
                "//",
            ) -> absolute(if (base.isSecure) "wss" else "ws", ":$reference")

            else -> base.withResource(merged(base.resource, reference))
        }
        require(target.isSecure || !base.isSecure) { "it would leave TLS" }
        return if (target.isSameOrigin(base)) target.withCredentials(base.credentials) else target
    }

    private fun absolute(scheme: String, rest: String): WebSocketUrl {
        val mapped = requireNotNull(SCHEMES[scheme.lowercase()]) {
            "its scheme is none of http, https, ws and wss"
        }
        val target = try {
            WebSocketUrl.parse(mapped + rest)
        } catch (malformed: IllegalArgumentException) {
            throw IllegalArgumentException("its Location is malformed", malformed)
        }
        require(target.socketPath == null) { "it leads to a Unix socket" }
        require(target.credentials == null) { "its Location has credentials" }
        return target
    }

    private fun merged(resource: String, reference: String): String {
        val basePath = resource.substringBefore('?')
        val path = reference.substringBefore('?')
        val query = reference.substring(path.length)
        return when {
            reference.isEmpty() -> resource
            path.isEmpty() -> basePath + query
            path.startsWith('/') -> withoutDots(path) + query
            else -> withoutDots(basePath.substringBeforeLast('/') + "/" + path) + query
        }
    }

    /** Removes the segments `.` and `..` (RFC 3986 section 5.2.4). */
    private fun withoutDots(path: String): String {
        val segments = ArrayList<String>()
        val parts = path.substring(1).split('/')
        parts.forEachIndexed { index, part ->
            if (part == "..") segments.removeLastOrNull()
            val isName = part != "." && part != ".."
            if (isName) {
                segments.add(part)
            } else if (index == parts.lastIndex) {
                segments.add("")
            }
        }
        return segments.joinToString("/", prefix = "/")
    }

    /** Encodes what a URL must not hold, such as bytes of UTF-8 that a server writes unencoded. */
    private fun encoded(location: String): String {
        if (location.all(HttpGrammar::isTargetChar)) return location
        return location.map { char ->
            if (HttpGrammar.isTargetChar(char)) "$char" else "%%%02X".format(char.code and 0xFF)
        }.joinToString("")
    }

    /** Returns [headers] without those that another server must not see. */
    fun withoutSecrets(headers: Headers): Headers {
        val fields = Headers.Builder()
        for ((name, value) in headers) if (name.lowercase() !in SECRETS) fields.add(name, value)
        return fields.build()
    }
}
