package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar
import java.nio.ByteBuffer

/**
 * Parses the head of one HTTP message from bytes as they arrive (RFC 9112). Strict, because with
 * every leniency two readers might see two different heads: lines end only with CRLF, names are
 * tokens with the colon right behind them, and there are no folded lines, no control characters,
 * and no empty line in front. Text is ISO-8859-1.
 *
 * Takes time in proportion to the number of bytes, however they are cut. Memory is bounded by the
 * bytes that arrived and by the [HeadLimits]; only a parser in the middle of a head has a buffer.
 * Not thread-safe. Never throws because of its input.
 */
public abstract class HttpHeadParser<H : Any> internal constructor(private val limits: HeadLimits) {
    /** Decodes the values of fields. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var values: HeaderValueDecoder = HeaderValueDecoder.PLAIN

    private var line = NO_BYTES
    private var lineLength = 0
    private var headSize = 0
    private var afterReturn = false
    private var atStartLine = true
    private var fields: Headers.Builder? = null

    /** The result, or null while the head is not finished. */
    public var result: HeadResult<H>? = null
        private set

    /**
     * Consumes bytes from [input] up to and including the empty line that ends the head. The rest
     * stays there and belongs to whatever follows the head. Returns whether there is a [result];
     * nothing more is consumed then.
     */
    public fun parse(input: ByteBuffer): Boolean {
        while (result == null && input.hasRemaining()) take(input.get().toInt() and BYTE)
        return result != null
    }

    /** Keeps the start line [text], or returns its fault. */
    internal abstract fun startLine(text: String): HeadResult.Malformed?

    /** The result for a start line longer than the limit. */
    internal abstract val startLineTooLong: HeadResult.Malformed

    /** Makes the head from the kept start line. */
    internal abstract fun complete(headers: Headers): HeadResult<H>

    private fun take(byte: Int) {
        when {
            ++headSize > limits.maxHeadSize ->
                tooLarge("the head is longer than ${limits.maxHeadSize} bytes")

            afterReturn -> if (byte == LF) endLine() else malformed("CR without LF")

            byte == CR -> afterReturn = true

            byte == LF -> malformed("LF without CR")

            HttpGrammar.isControl(byte) -> malformed("control character in the head")

            lineLength == limits.maxLineLength -> lineTooLong()

            else -> append(byte)
        }
    }

    private fun append(byte: Int) {
        if (lineLength == line.size) line = line.copyOf(maxOf(FIRST_SIZE, 2 * lineLength))
        line[lineLength++] = byte.toByte()
    }

    private fun endLine() {
        when {
            atStartLine -> {
                atStartLine = false
                startLine(String(line, 0, lineLength, Charsets.ISO_8859_1))?.let(::finish)
            }

            lineLength == 0 -> finish(complete(fields?.build() ?: Headers.EMPTY))

            else -> field()
        }
        afterReturn = false
        lineLength = 0
    }

    private fun field() {
        var colon = 0
        while (colon < lineLength && line[colon] != COLON) colon++
        val fields = fields ?: Headers.Builder().also { fields = it }
        when {
            isBlank(0) -> malformed("folded header line")

            colon == lineLength -> malformed("header line without a colon")

            fields.size == limits.maxHeaders ->
                tooLarge("more than ${limits.maxHeaders} header fields")

            !isToken(colon) -> malformed("header name is not a token")

            else -> {
                val name = CommonHeaderText.decode(line, 0, colon)
                fields.addChecked(name, value(name, colon + 1))
            }
        }
    }

    private fun isToken(length: Int): Boolean {
        for (index in 0 until length) {
            if (!HttpGrammar.isTokenChar(Char(line[index].toInt() and BYTE))) return false
        }
        return length > 0
    }

    /** Returns the rest of the line from [begin] on, without the white space around it. */
    private fun value(name: String, begin: Int): String {
        var start = begin
        var end = lineLength
        while (start < end && isBlank(start)) start++
        while (start < end && isBlank(end - 1)) end--
        return values.decode(name, line, start, end)
    }

    private fun isBlank(index: Int) = line[index] == SPACE || line[index] == TAB

    private fun lineTooLong() = when {
        atStartLine -> finish(startLineTooLong)
        else -> tooLarge("a header line is longer than ${limits.maxLineLength} bytes")
    }

    private fun tooLarge(reason: String) =
        finish(HeadResult.Malformed(HttpStatus.HEADERS_TOO_LARGE, reason))

    private fun malformed(reason: String) =
        finish(HeadResult.Malformed(HttpStatus.BAD_REQUEST, reason))

    private fun finish(outcome: HeadResult<H>) {
        result = outcome
        line = NO_BYTES
        fields = null
    }

    private companion object {
        val NO_BYTES = ByteArray(0)
        const val FIRST_SIZE = 256
        const val BYTE = 0xFF
        const val CR = '\r'.code
        const val LF = '\n'.code
        const val COLON = ':'.code.toByte()
        const val SPACE = ' '.code.toByte()
        const val TAB = '\t'.code.toByte()
    }
}

/** The result of an [HttpHeadParser]. */
public sealed class HeadResult<out H : Any> {
    /** @property head the well-formed head */
    public class Complete<out H : Any> internal constructor(public val head: H) : HeadResult<H>()

    /**
     * The head is not acceptable. The rest of the bytes is worthless.
     *
     * @property status the status of a server's answer: 400, 414 or 431
     * @property reason one sentence that quotes nothing from the input
     */
    public class Malformed internal constructor(public val status: Int, public val reason: String) :
        HeadResult<Nothing>() {
        /** Returns a server's answer. */
        public fun toResponse(): HttpResponse = HttpResponse(status, reason)

        /** Whether the head is longer than [HeadLimits] allow. */
        internal val isTooLarge: Boolean get() = status == HttpStatus.HEADERS_TOO_LARGE

        /** The reason for a client, whose server has sent the head. */
        internal val ofAnswer: String
            get() = if (isTooLarge) {
                "the answer is larger than headLimits allows: $reason"
            } else {
                "the answer is not HTTP: $reason"
            }
    }
}

/**
 * Parses the head of a request. Accepts any HTTP version `HTTP/x.y`, which [ServerHandshake] checks
 * after the method. A request line that is too long is answered with 414.
 */
public class RequestHeadParser(limits: HeadLimits) : HttpHeadParser<RequestHead>(limits) {
    /** A parser with the default limits. */
    public constructor() : this(HeadLimits.DEFAULT)

    private var method = ""
    private var target = ""
    private var version = ""

    override val startLineTooLong: HeadResult.Malformed
        get() = HeadResult.Malformed(HttpStatus.URI_TOO_LONG, "the request line is too long")

    override fun startLine(text: String): HeadResult.Malformed? {
        // No part may contain a space, so with more than two spaces the target is invalid.
        method = text.substringBefore(' ', "")
        version = text.substringAfterLast(' ', "")
        val targetStart = method.length + 1
        val targetEnd = text.length - version.length - 1
        target = if (targetStart < targetEnd) text.substring(targetStart, targetEnd) else ""
        val wellFormed =
            HttpGrammar.isToken(method) && target.isNotEmpty() &&
                target.all(HttpGrammar::isTargetChar) && HttpGrammar.isVersion(version)
        if (wellFormed) return null
        return HeadResult.Malformed(HttpStatus.BAD_REQUEST, "malformed request line")
    }

    override fun complete(headers: Headers): HeadResult<RequestHead> =
        HeadResult.Complete(RequestHead(method, target, version, headers))
}

/** Parses the head of a response. The reason phrase may be missing, together with its space. */
public class ResponseHeadParser(limits: HeadLimits) : HttpHeadParser<ResponseHead>(limits) {
    /** A parser with the default limits. */
    public constructor() : this(HeadLimits.DEFAULT)

    private var version = ""
    private var status = 0
    private var reason = ""

    override val startLineTooLong: HeadResult.Malformed
        get() = HeadResult.Malformed(HttpStatus.HEADERS_TOO_LARGE, "the status line is too long")

    override fun startLine(text: String): HeadResult.Malformed? {
        val parts = text.split(' ', limit = 3)
        val digits = parts.getOrElse(1) { "" }
        version = parts[0]
        status = if (digits.length == 3) HttpGrammar.decimal(digits, STATUS_CODES.last) ?: 0 else 0
        reason = HttpGrammar.trim(parts.getOrElse(2) { "" })
        if (HttpGrammar.isVersion(version) && status in STATUS_CODES) return null
        return HeadResult.Malformed(HttpStatus.BAD_REQUEST, "malformed status line")
    }

    override fun complete(headers: Headers): HeadResult<ResponseHead> =
        HeadResult.Complete(ResponseHead(version, status, reason, headers))
}
