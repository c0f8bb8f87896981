package dev.kobahn.protocol.handshake

/**
 * The head of an HTTP request: request line and header fields (RFC 9112 section 3). Immutable.
 *
 * @property method a token, in the case it was written
 * @property target the request target as it stands on the wire, visible ASCII
 * @property version `HTTP/1.1` or another one-digit version
 * @property headers the fields in their order
 * @throws IllegalArgumentException when a part breaks these rules, so that no line can be split
 */
public class RequestHead(
    public val method: String,
    public val target: String,
    public val version: String,
    public val headers: Headers,
) {
    init {
        require(HttpGrammar.isToken(method)) { "the method is not a token" }
        require(target.isNotEmpty() && target.all(HttpGrammar::isTargetChar)) {
            "the request target must be visible ASCII and not empty"
        }
        requireVersion(version)
    }

    /** The octets of the head, its final empty line included. */
    public fun toOctets(): ByteArray = encodeHead("$method $target $version", headers)

    override fun equals(other: Any?): Boolean = other is RequestHead && method == other.method &&
        target == other.target && version == other.version && headers == other.headers

    override fun hashCode(): Int = arrayOf(method, target, version, headers).contentHashCode()

    override fun toString(): String = "$method $target $version $headers"
}

/**
 * The head of an HTTP response: status line and header fields (RFC 9112 section 4). Immutable.
 *
 * @property version `HTTP/1.1` or another one-digit version
 * @property status 100 to 999
 * @property reason the reason phrase, possibly empty
 * @property headers the fields in their order
 * @throws IllegalArgumentException when a part breaks these rules, so that no line can be split
 */
public class ResponseHead(
    public val version: String,
    public val status: Int,
    public val reason: String,
    public val headers: Headers,
) {
    init {
        requireVersion(version)
        require(status in STATUS_CODES) { "status must be in $STATUS_CODES, but is $status" }
        requireReason(reason)
    }

    /** The octets of the head, its final empty line included. */
    public fun toOctets(): ByteArray = encodeHead("$version $status $reason", headers)

    override fun equals(other: Any?): Boolean = other is ResponseHead && version == other.version &&
        status == other.status && reason == other.reason && headers == other.headers

    override fun hashCode(): Int = arrayOf(version, status, reason, headers).contentHashCode()

    override fun toString(): String = "$version $status $reason $headers"
}

internal val STATUS_CODES: IntRange = 100..999

internal fun requireReason(reason: String) {
    require(reason.all(HttpGrammar::isFieldChar)) {
        "the reason phrase must not hold control characters or any beyond ISO-8859-1"
    }
}

private fun requireVersion(version: String) {
    require(HttpGrammar.isVersion(version)) { "the HTTP version is malformed" }
}

private fun encodeHead(startLine: String, headers: Headers): ByteArray {
    val head = StringBuilder(startLine).append("\r\n")
    headers.appendTo(head)
    return head.append("\r\n").toString().toByteArray(Charsets.ISO_8859_1)
}
