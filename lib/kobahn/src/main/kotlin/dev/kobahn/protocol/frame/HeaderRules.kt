package dev.kobahn.protocol.frame

import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Violation

/** The rules that a frame's header can break on its own, whatever came before it. */
internal object HeaderRules {
    /**
     * @param reservedBits the reserved bits that may be set
     * @throws ProtocolException for the first rule that [header] breaks
     */
    fun check(
        header: FrameHeaderReader,
        requireMasked: Boolean,
        acceptMasked: Boolean,
        reservedBits: Int = 0,
    ) {
        if (header.rsv and reservedBits.inv() != 0) violate(Violation.RESERVED_BITS_SET)
        if (requireMasked && !header.masked) violate(Violation.CLIENT_FRAME_NOT_MASKED)
        if (!acceptMasked && header.masked) violate(Violation.SERVER_FRAME_MASKED)
        if (Opcode.isControl(header.opcode)) checkControl(header)
        if (Opcode.isReserved(header.opcode)) violate(Violation.RESERVED_OPCODE)
        header.lengthViolation?.let { violate(it) }
    }

    private fun checkControl(header: FrameHeaderReader) {
        val tooLong = header.length > Opcode.MAX_CONTROL_PAYLOAD
        if (!header.fin) violate(Violation.CONTROL_FRAME_FRAGMENTED)
        if (tooLong) violate(Violation.CONTROL_FRAME_TOO_LONG)
    }

    private fun violate(violation: Violation): Nothing = throw ProtocolException(violation)
}
