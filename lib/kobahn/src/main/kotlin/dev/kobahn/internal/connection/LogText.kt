package dev.kobahn.internal.connection

import dev.kobahn.WireLogEntry
import dev.kobahn.protocol.frame.Opcode

/** The bytes of a payload, a read or a write that are kept for the log. */
internal const val LOGGED_OCTETS = 40

/** Appends the beginning of a payload: text in quotes, a Close with its code, other bytes in digits. */
internal fun StringBuilder.appendPayload(frame: WireLogEntry.Frame) {
    val octets = frame.payload
    when {
        octets.isEmpty() -> return
        frame.opcode == Opcode.CLOSE && octets.size >= CODE_SIZE -> appendClose(octets)
        frame.isText -> appendQuoted(octets, 0, isCut = octets.size < frame.length)
        else -> appendHex(octets)
    }
    if (octets.size < frame.length) append(" ...")
}

private fun StringBuilder.appendClose(octets: ByteArray) {
    val code = (octets[0].toInt() and OCTET shl Byte.SIZE_BITS) or (octets[1].toInt() and OCTET)
    append(' ').append(code)
    if (octets.size > CODE_SIZE) appendQuoted(octets, CODE_SIZE, isCut = true)
}

private fun StringBuilder.appendQuoted(octets: ByteArray, start: Int, isCut: Boolean) {
    val text = octets.decodeToString(start)
    append(" \"")
    // A code point that was cut is not shown as a wrong one.
    for (char in if (isCut) text.trimEnd('\uFFFD') else text) {
        if (char == '"' || char == '\\') append('\\')
        append(char)
    }
    append('"')
}

internal fun StringBuilder.appendHex(octets: ByteArray) {
    for (octet in octets) {
        append(' ')
        append(DIGITS[octet.toInt() shr HALF and DIGIT]).append(DIGITS[octet.toInt() and DIGIT])
    }
}

private const val CODE_SIZE = 2
private const val OCTET = 0xFF
private const val HALF = 4
private const val DIGIT = 0xF
private const val DIGITS = "0123456789abcdef"
