package dev.kobahn.protocol

import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.DataInputStream
import java.io.DataOutputStream

/**
 * A frame as RFC 6455 section 5.2 draws it, encoded and parsed by code of the tests alone.
 *
 * @param first the first byte: FIN, reserved bits and opcode
 * @param key the masking key, null if the frame is not masked
 * @param declared the length in the header, which may be false
 */
internal class WireFrame(
    val first: Int,
    val payload: ByteArray = ByteArray(0),
    val key: Int? = null,
    private val declared: Long = payload.size.toLong(),
) {
    fun encode(): ByteArray {
        val bytes = ByteArrayOutputStream()
        val out = DataOutputStream(bytes)
        out.write(first)
        val mask = if (key == null) 0 else 0x80
        when (declared) {
            in 0..125 -> out.write(mask or declared.toInt())

            in 126..65535 -> {
                out.write(mask or 126)
                out.writeShort(declared.toInt())
            }

            else -> {
                out.write(mask or 127)
                out.writeLong(declared)
            }
        }
        key?.let(out::writeInt)
        out.write(masked(payload, key))
        return bytes.toByteArray()
    }

    /** `close 1002 why`, `ping 48 65` or the first byte and the payload: `01 48 65`. */
    override fun toString(): String = when (first) {
        0x88 -> describeClose(payload)
        0x89 -> "ping ${payload.toHex()}".trim()
        0x8A -> "pong ${payload.toHex()}".trim()
        else -> "%02x ${payload.toHex()}".format(first).trim()
    }

    companion object {
        /** All frames in [bytes], which must end with one. */
        fun readAll(bytes: ByteArray): List<WireFrame> {
            val input = DataInputStream(ByteArrayInputStream(bytes))
            return buildList { while (input.available() > 0) add(read(input)) }
        }

        private fun read(input: DataInputStream): WireFrame {
            val first = input.readUnsignedByte()
            val second = input.readUnsignedByte()
            val length = when (val short = second and 0x7F) {
                126 -> input.readUnsignedShort().toLong()
                127 -> input.readLong()
                else -> short.toLong()
            }
            val key = if (second and 0x80 != 0) input.readInt() else null
            val payload = ByteArray(Math.toIntExact(length)).also(input::readFully)
            return WireFrame(first, masked(payload, key), key)
        }

        private fun masked(payload: ByteArray, key: Int?): ByteArray {
            if (key == null) return payload
            return ByteArray(payload.size) { index ->
                (payload[index].toInt() xor (key ushr 24 - 8 * (index % 4))).toByte()
            }
        }

        private fun describeClose(payload: ByteArray): String {
            if (payload.isEmpty()) return "close"
            val code = DataInputStream(ByteArrayInputStream(payload)).readUnsignedShort()
            return "close $code ${payload.decodeToString(2, payload.size, true)}".trim()
        }
    }
}
