package dev.kobahn.protocol.stream

import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.CloseFrame
import dev.kobahn.protocol.frame.Opcode

/**
 * A Close (RFC 6455 section 5.5.1), received or to send. Its code is null or one that
 * [CloseCode.isAllowedOnWire]; a reason needs a code and is cut to 123 bytes at the end of a code
 * point. ws4py: `CloseControlMessage`.
 *
 * @throws IllegalArgumentException if the code must not be sent, or a reason stands without a code
 */
public class CloseControlMessage(code: Int? = CloseCode.NORMAL_CLOSURE, reason: String = "") :
    StreamMessage(Opcode.CLOSE) {
    private val close = CloseFrame.of(code, reason)

    /** The close code, or null if the Close carries none, which some APIs report as 1005. */
    public val code: Int? get() = close.code

    /** The reason, empty if the Close carries none. */
    public val reason: String get() = close.reason

    override val data: ByteArray get() = close.encode()

    override val text: String get() = reason
}

/**
 * A Ping (RFC 6455 section 5.5.2). Its payload [data] has at most 125 bytes and is handed over.
 * ws4py: `PingControlMessage`.
 *
 * @throws IllegalArgumentException if [data] is longer
 */
public class PingControlMessage(override val data: ByteArray) : StreamMessage(Opcode.PING) {
    init {
        Opcode.checkControl(data)
    }

    /** A Ping with [text] in UTF-8. */
    public constructor(text: String) : this(text.encodeToByteArray())
}

/**
 * A Pong (RFC 6455 section 5.5.3). Its payload [data] has at most 125 bytes and is handed over.
 * ws4py: `PongControlMessage`.
 *
 * @throws IllegalArgumentException if [data] is longer
 */
public class PongControlMessage(override val data: ByteArray) : StreamMessage(Opcode.PONG) {
    init {
        Opcode.checkControl(data)
    }

    /** A Pong with [text] in UTF-8. */
    public constructor(text: String) : this(text.encodeToByteArray())
}
