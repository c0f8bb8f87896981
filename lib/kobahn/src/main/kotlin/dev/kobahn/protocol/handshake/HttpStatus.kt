package dev.kobahn.protocol.handshake

/** HTTP status codes the opening handshake uses, and the standard phrases (RFC 9110 section 15). */
public object HttpStatus {
    /** 101: the WebSocket is open. */
    public const val SWITCHING_PROTOCOLS: Int = 101

    /** 200. */
    public const val OK: Int = 200

    /** 204: there is no body. */
    public const val NO_CONTENT: Int = 204

    /** 303: look there, with GET. */
    public const val SEE_OTHER: Int = 303

    /** 400. */
    public const val BAD_REQUEST: Int = 400

    /** 401. */
    public const val UNAUTHORIZED: Int = 401

    /** 403: among others an origin that is not allowed. */
    public const val FORBIDDEN: Int = 403

    /** 404. */
    public const val NOT_FOUND: Int = 404

    /** 405: a handshake is a GET, and a page is for GET, HEAD or OPTIONS. */
    public const val METHOD_NOT_ALLOWED: Int = 405

    /** 406: the server supports nothing of the client's offer. */
    public const val NOT_ACCEPTABLE: Int = 406

    /** 408: the client took too long. */
    public const val REQUEST_TIMEOUT: Int = 408

    /** 414: the request line is longer than [HeadLimits.maxLineLength]. */
    public const val URI_TOO_LONG: Int = 414

    /** 426: this is a WebSocket endpoint, or the version of the protocol is another. */
    public const val UPGRADE_REQUIRED: Int = 426

    /** 431: the head breaks the [HeadLimits]. */
    public const val HEADERS_TOO_LARGE: Int = 431

    /** 500. */
    public const val INTERNAL_SERVER_ERROR: Int = 500

    /** 501: the server does not support the request. */
    public const val NOT_IMPLEMENTED: Int = 501

    /** 503: among others too many connections. */
    public const val SERVICE_UNAVAILABLE: Int = 503

    /** 505: not HTTP/1.1, and for a page not HTTP/1.0 either. */
    public const val VERSION_NOT_SUPPORTED: Int = 505

    private val phrases = mapOf(
        100 to "Continue", 101 to "Switching Protocols", 102 to "Processing", 103 to "Early Hints",
        200 to "OK", 201 to "Created", 202 to "Accepted", 203 to "Non-Authoritative Information",
        204 to "No Content", 205 to "Reset Content", 206 to "Partial Content",
        300 to "Multiple Choices", 301 to "Moved Permanently", 302 to "Found", 303 to "See Other",
        304 to "Not Modified", 307 to "Temporary Redirect", 308 to "Permanent Redirect",
        400 to "Bad Request", 401 to "Unauthorized", 402 to "Payment Required", 403 to "Forbidden",
        404 to "Not Found", 405 to "Method Not Allowed", 406 to "Not Acceptable",
        407 to "Proxy Authentication Required", 408 to "Request Timeout", 409 to "Conflict",
        410 to "Gone", 411 to "Length Required", 412 to "Precondition Failed",
        413 to "Content Too Large", 414 to "URI Too Long", 415 to "Unsupported Media Type",
        416 to "Range Not Satisfiable", 417 to "Expectation Failed", 421 to "Misdirected Request",
        422 to "Unprocessable Content", 425 to "Too Early", 426 to "Upgrade Required",
        428 to "Precondition Required", 429 to "Too Many Requests",
        431 to "Request Header Fields Too Large", 451 to "Unavailable For Legal Reasons",
        500 to "Internal Server Error", 501 to "Not Implemented", 502 to "Bad Gateway",
        503 to "Service Unavailable", 504 to "Gateway Timeout", 505 to "HTTP Version Not Supported",
        511 to "Network Authentication Required",
    )

    /** Returns the standard phrase of [status], or an empty string if it has none. */
    @JvmStatic
    public fun reasonPhrase(status: Int): String = phrases[status].orEmpty()
}
