package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar
import dev.kobahn.protocol.onOneLine

/**
 * The head of an HTTP request: request line and header fields (RFC 9112 section 3). Immutable.
 *
 * @property method a token, case kept
 * @property target the request target verbatim, visible ASCII
 * @property version `HTTP/1.1` or another one-digit version
 * @property headers the fields in order
 * @throws IllegalArgumentException if a part breaks these rules, so that no line can be split
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

    /** Returns the bytes of the head with its final empty line. */
    public fun toBytes(): ByteArray = encodeHead(headers, method, " ", target, " ", version)

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
 * @property headers the fields in order
 * @throws IllegalArgumentException if a part breaks these rules, so that no line can be split
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

    /** Returns the bytes of the head with its final empty line. */
    public fun toBytes(): ByteArray =
        encodeHead(headers, version, " ", status.toString(), " ", reason)

    override fun equals(other: Any?): Boolean = other is ResponseHead && version == other.version &&
        status == other.status && reason == other.reason && headers == other.headers

    override fun hashCode(): Int = arrayOf(version, status, reason, headers).contentHashCode()

    override fun toString(): String = "$version $status $reason $headers".onOneLine()
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

private fun encodeHead(headers: Headers, vararg startLine: String): ByteArray {
    var size = 2 * LINE_END.length
    startLine.forEach { size += it.length }
    headers.forEachPart { size += it.length }
    val bytes = ByteArray(size)
    var end = 0
    startLine.forEach { end = it.copyInto(bytes, end) }
    end = LINE_END.copyInto(bytes, end)
    headers.forEachPart { end = it.copyInto(bytes, end) }
    LINE_END.copyInto(bytes, end)
    return bytes
}

/** Writes this text, which must be ISO-8859-1, to [bytes] at [start]; returns the end index. */
private fun String.copyInto(bytes: ByteArray, start: Int): Int {
    for (index in indices) bytes[start + index] = this[index].code.toByte()
    return start + length
}

private const val LINE_END = "\r\n"
