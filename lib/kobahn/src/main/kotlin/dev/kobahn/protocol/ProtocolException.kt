package dev.kobahn.protocol

/**
 * The peer broke a rule of the protocol, or one of the limits set for it; the connection is failed
 * (RFC 6455 section 7.1.7). [detail] says where, when that helps.
 */
public class ProtocolException
@JvmOverloads
constructor(
    /** The rule that was broken. */
    public val violation: Violation,
    detail: String? = null,
    cause: Throwable? = null,
) : WebSocketException(
    if (detail == null) violation.rule else "${violation.rule}: $detail",
    cause,
) {
    /** The code the connection is failed with. */
    public val closeCode: Int get() = violation.closeCode
}
