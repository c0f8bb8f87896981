package dev.kobahn.protocol.extension

import com.jcraft.jzlib.JZlib
import java.io.ByteArrayOutputStream
import java.util.zip.Deflater

/** A peer with context takeover and a window of 9 to 15 bits that flushes its messages. */
internal class FlushingPeer(windowBits: Int = 15, level: Int = 6) {
    private val deflater =
        com.jcraft.jzlib.Deflater(level, windowBits, 8, JZlib.W_NONE)
    private val segment = ByteArray(8192)

    fun encode(bytes: ByteArray): ByteArray {
        val wire = ByteArrayOutputStream()
        deflater.setInput(bytes)
        do {
            deflater.setOutput(segment)
            deflater.deflate(JZlib.Z_SYNC_FLUSH)
            wire.write(segment, 0, segment.size - deflater.avail_out)
        } while (deflater.avail_out == 0)
        return wire.toByteArray().copyOf(wire.size() - MARKER.size)
    }
}

/** A peer that ends each message with a final block and nothing behind it. */
internal class FinishingPeer(private val takesOver: Boolean = false) {
    private val deflater = Deflater(6, true)

    /** The bytes that the next message may refer to. */
    var history = ByteArray(0)

    fun encode(bytes: ByteArray): ByteArray {
        deflater.reset()
        val known = minOf(history.size, DeflateParameters.MAX_WINDOW)
        if (known > 0) deflater.setDictionary(history, history.size - known, known)
        if (takesOver) history += bytes
        deflater.setInput(bytes)
        deflater.finish()
        val wire = ByteArray(bytes.size + 100)
        return wire.copyOf(deflater.deflate(wire)).also { check(deflater.finished()) }
    }
}
