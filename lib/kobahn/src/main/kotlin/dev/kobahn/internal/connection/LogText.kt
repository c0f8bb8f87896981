package dev.kobahn.internal.connection

import dev.kobahn.WireLog
import dev.kobahn.protocol.frame.Opcode

/** The bytes of a payload, a read or a write that are kept for the log. */
internal const val LOGGED_BYTES = 40

/** Appends the beginning of a payload: text in quotes, a Close with its code, other bytes in digits. */
internal fun StringBuilder.appendPayload(frame: WireLog.Entry.Frame) {
    val bytes = frame.payload
    when {
        bytes.isEmpty() -> return
        frame.opcode == Opcode.CLOSE && bytes.size >= CODE_SIZE -> appendClose(bytes)
        frame.isText -> appendQuoted(bytes, 0, isCut = bytes.size < frame.length)
        else -> appendHex(bytes)
    }
    if (bytes.size < frame.length) append(" ...")
}

private fun StringBuilder.appendClose(bytes: ByteArray) {
    val code = (bytes[0].toInt() and BYTE shl Byte.SIZE_BITS) or (bytes[1].toInt() and BYTE)
    append(' ').append(code)
    if (bytes.size > CODE_SIZE) appendQuoted(bytes, CODE_SIZE, isCut = true)
}

private fun StringBuilder.appendQuoted(bytes: ByteArray, start: Int, isCut: Boolean) {
    val text = bytes.decodeToString(start)
    append(" \"")
    // A code point that was cut is not shown as a wrong one.
    for (char in if (isCut) text.trimEnd('\uFFFD') else text) {
        if (char == '"' || char == '\\') append('\\')
        append(char)
    }
    append('"')
}

internal fun StringBuilder.appendHex(bytes: ByteArray) {
    for (byte in bytes) {
        append(' ')
        append(DIGITS[byte.toInt() shr HALF and DIGIT]).append(DIGITS[byte.toInt() and DIGIT])
    }
}

private const val CODE_SIZE = 2
private const val BYTE = 0xFF
private const val HALF = 4
private const val DIGIT = 0xF
private const val DIGITS = "0123456789abcdef"
