package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.PreparedEncodings

/** What became of a message, or of a part of one, that was to be sent. */
internal enum class SendStep {
    /** It is on its way. */
    SENT,

    /** Nothing is sent any more. */
    CLOSED,

    /**
     * Extensions have to transform it first. Whoever was told so calls [Protocol.encode] and then
     * [Protocol.sendEncoded]; until then nobody may send another message, but control frames go on.
     */
    ENCODING,
    ;

    companion object {
        fun of(isSent: Boolean): SendStep = if (isSent) SENT else CLOSED
    }
}

/**
 * A message, or a part of one, that extensions are to transform: its [octets], and how it is to be
 * sent then.
 *
 * @param opcode that of its first frame, with the reserved bits that mark it
 */
internal sealed class Unencoded(val opcode: Int, val octets: ByteArray) {
    class Whole(opcode: Int, octets: ByteArray, val fragmentSize: Int) : Unencoded(opcode, octets)

    /** One that is encoded once for all who send [encodings]: as [form]. */
    class Prepared(
        opcode: Int,
        octets: ByteArray,
        val fragmentSize: Int,
        val encodings: PreparedEncodings,
        val form: Any,
    ) : Unencoded(opcode, octets) {
        /** What became of it; null until it is encoded. */
        var encoded: ByteArray? = null
    }

    /** A frame of the open message, with [length] octets from [offset] on. */
    class Part(
        opcode: Int,
        octets: ByteArray,
        val offset: Int,
        val length: Int,
        val fin: Boolean,
    ) : Unencoded(opcode, octets)
}
