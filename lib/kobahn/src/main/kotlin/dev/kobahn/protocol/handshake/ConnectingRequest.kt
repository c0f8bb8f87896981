package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar
import dev.kobahn.protocol.appendJson

/**
 * The content of a client's opening handshake. Immutable.
 *
 * @property host a name or address; an IPv6 address with or without brackets
 * @property port 1 to 65535; the default port of the scheme is not written into `Host`
 * @property resource path and query, percent-encoded, beginning with `/`
 * @property headers further fields, one line for each value; `Host` and `User-Agent` here take
 * precedence
 * @property userAgent the `User-Agent` field; null or empty to leave it out
 * @property origin the origin field, verbatim, or null for none
 * @property subprotocols the subprotocols to offer, most wanted first
 * @throws IllegalArgumentException for a value that would make the request invalid, naming it
 */
public class ConnectingRequest(
    host: String = "localhost",
    public val port: Int = 80,
    public val resource: String = "/",
    public val headers: Headers = Headers.EMPTY,
    public val userAgent: String? = null,
    public val origin: String? = null,
    public val subprotocols: List<String> = emptyList(),
) {
    public val host: String =
        requireNotNull(HostAndPort.bareOrAddress(host)) { "host is malformed: $host" }

    init {
        require(port in HostAndPort.PORTS) { "port must be in ${HostAndPort.PORTS}, but is $port" }
        require(resource.startsWith('/') && '#' !in resource) {
            "resource must begin with / and have no fragment, but is $resource"
        }
        require(resource.all(HttpGrammar::isTargetChar)) { "resource must be visible ASCII" }
        require(subprotocols.all(HttpGrammar::isToken)) {
            "subprotocols must be tokens, but are $subprotocols"
        }
        require(subprotocols.toSet().size == subprotocols.size) {
            "subprotocols must differ, but are $subprotocols"
        }
        require(origin == null || "Origin" !in headers) { "the origin is given twice" }
        requireNotProtected(headers)
    }

    /** Returns a copy with [more] fields. */
    public operator fun plus(more: Headers): ConnectingRequest =
        ConnectingRequest(host, port, resource, headers + more, userAgent, origin, subprotocols)

    @JvmSynthetic
    internal fun json(): String = StringBuilder().appendJson(
        linkedMapOf(
            "host" to host,
            "port" to port,
            "resource" to resource,
            "headers" to headers.toLowerCaseMap(),
            "useragent" to userAgent,
            "origin" to origin,
            "protocols" to subprotocols,
        ),
    ).toString()

    override fun toString(): String = json()
}
