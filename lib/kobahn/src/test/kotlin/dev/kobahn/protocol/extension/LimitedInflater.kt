package dev.kobahn.protocol.extension

import com.jcraft.jzlib.Inflater
import com.jcraft.jzlib.JZlib
import java.io.ByteArrayOutputStream

/**
 * A peer that keeps no more than it agreed on: references farther back than [windowBits] come out
 * wrong, or not at all.
 */
internal class LimitedInflater(private val windowBits: Int, private val takesOver: Boolean) {
    private val segment = ByteArray(8192)
    private var inflater = Inflater(windowBits, true)

    /** Returns the message in [wire], or null if it is malformed. */
    fun decode(wire: ByteArray): ByteArray? {
        if (!takesOver) inflater = Inflater(windowBits, true)
        inflater.setInput(wire + MARKER)
        val bytes = ByteArrayOutputStream()
        do {
            inflater.setOutput(segment)
            val state = inflater.inflate(JZlib.Z_SYNC_FLUSH)
            if (state != JZlib.Z_OK && state != JZlib.Z_BUF_ERROR) return null
            bytes.write(segment, 0, segment.size - inflater.avail_out)
        } while (inflater.avail_out == 0)
        return bytes.toByteArray().takeIf { inflater.avail_in == 0 }
    }
}

/** The bytes that every message omits (RFC 7692 section 7.2.1). */
internal val MARKER = byteArrayOf(0, 0, -1, -1)
