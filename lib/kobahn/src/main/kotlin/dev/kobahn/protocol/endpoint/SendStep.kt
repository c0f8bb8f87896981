package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.PreparedEncodings

/** The result of beginning to send a message or a part of one. */
internal enum class SendStep {
    /** It is in the output. */
    SENT,

    /** Nothing can be sent any more. */
    CLOSED,

    /**
     * Extensions have to transform it first. The caller must call [Protocol.encode] and then
     * [Protocol.sendEncoded]. Until then no other message can be sent, but control frames can.
     */
    ENCODING,
    ;

    companion object {
        fun of(isSent: Boolean): SendStep = if (isSent) SENT else CLOSED
    }
}

/**
 * A message, or a part of one, that extensions have to transform, with all that is needed to send
 * it afterwards.
 *
 * @param opcode the opcode of its first frame, with the reserved bits that mark it
 */
internal sealed class Unencoded(val opcode: Int, val bytes: ByteArray) {
    class Whole(opcode: Int, bytes: ByteArray, val fragmentSize: Int) : Unencoded(opcode, bytes)

    /** A message that is encoded once, in the form [form], for all senders of [encodings]. */
    class Prepared(
        opcode: Int,
        bytes: ByteArray,
        val fragmentSize: Int,
        val encodings: PreparedEncodings,
        val form: Any,
    ) : Unencoded(opcode, bytes) {
        /** The encoded bytes; null until encoded. */
        var encoded: ByteArray? = null
    }

    /** A frame of the open message, with [length] bytes from [offset] on. */
    class Part(opcode: Int, bytes: ByteArray, val offset: Int, val length: Int, val fin: Boolean) :
        Unencoded(opcode, bytes)
}
