package dev.kobahn.servlet

import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpSession
import java.security.Principal
import java.util.Collections

/**
 * A copy of what the container, its filters and the servlet knew of the request that opened a
 * connection, see [currentServletRequest]. It holds as long as the connection, while the container
 * uses the request itself again once it is answered. Headers, path and query are in
 * [request][dev.kobahn.ServerWebSocket.request] of the connection.
 *
 * Roles cannot be copied. Check them before the upgrade, in a filter, a servlet or the container's
 * constraints, or by [userPrincipal].
 */
public class ServletRequestCopy internal constructor(request: HttpServletRequest) {
    /** The authenticated user, or null. */
    public val userPrincipal: Principal? = request.userPrincipal

    /** The scheme by which the user was authenticated, or null. */
    public val authType: String? = request.authType

    /**
     * The session of the request, or null if it has none yet. It is the session itself: the
     * container may end it before the connection ends, and the connection does not keep it alive.
     */
    public val session: HttpSession? = request.getSession(false)

    /** The part of the path that belongs to the application. */
    public val contextPath: String = request.contextPath

    /** The part of the path that belongs to the servlet. */
    public val servletPath: String = request.servletPath

    /** The part of the path behind that of the servlet, or null if there is none. */
    public val pathInfo: String? = request.pathInfo

    /**
     * The attributes by their names, without those of the container's own implementation. With TLS
     * the client's certificates are among them, as `jakarta.servlet.request.X509Certificate`.
     */
    public val attributes: Map<String, Any> = attributes(request)

    override fun toString(): String = "$contextPath$servletPath${pathInfo.orEmpty()}"
}

/** A container may look them up only when it is asked for them. */
private const val CERTIFICATES = "jakarta.servlet.request.X509Certificate"

/** The attributes of containers lead to objects that they use again. */
private val OWN_NAMES = listOf("org.apache.", "org.eclipse.jetty.", "io.undertow.")

private fun attributes(request: HttpServletRequest): Map<String, Any> {
    val attributes = LinkedHashMap<String, Any>()
    for (name in request.attributeNames.asSequence() + CERTIFICATES) {
        val value = request.getAttribute(name) ?: continue
        if (OWN_NAMES.none { name.startsWith(it) }) attributes[name] = value
    }
    return Collections.unmodifiableMap(attributes)
}
