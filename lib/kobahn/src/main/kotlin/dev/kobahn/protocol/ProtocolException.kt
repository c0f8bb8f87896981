package dev.kobahn.protocol

/**
 * The peer broke a rule of the protocol, or one of the limits set for it, and the connection fails
 * (RFC 6455 section 7.1.7). [detail] says where, if that helps.
 */
public class ProtocolException(
    /** The broken rule. */
    public val violation: Violation,
    detail: String? = null,
    cause: Throwable? = null,
) : WebSocketException(
    if (detail == null) violation.rule else "${violation.rule}: $detail",
    cause,
) {
    /** The close code that fails the connection. */
    public val closeCode: Int get() = violation.closeCode
}
