package dev.kobahn.protocol.extension

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.SegmentPool
import java.io.ByteArrayOutputStream
import java.util.zip.Deflater
import java.util.zip.Inflater

/** A pool like that of an event loop. */
internal fun loopPool(): CodecPool = CodecPool(SegmentPool(4), 4)

/** Encodes messages that are given as pieces, with a flush between them. */
internal class TestEncoder(
    settings: DeflateParameters = DeflateParameters(),
    pool: CodecPool = loopPool(),
    zlib: Zlib = Zlib,
) {
    val encoder: DeflateEncoder = DeflateEncoder.of(settings, pool, zlib)

    fun encode(vararg pieces: ByteArray): ByteArray = collected { output ->
        check(encoder.begin(MessageType.BINARY, pieces.sumOf { it.size }.toLong()))
        pieces.forEachIndexed { index, piece ->
            if (index > 0) encoder.flush(output)
            encoder.encode(piece, 0, piece.size, output)
        }
        encoder.end(output)
    }

    fun encodeStandalone(bytes: ByteArray): ByteArray =
        collected { encoder.encodeStandalone(bytes, it) }
}

/** Decodes messages that are given as the pieces they arrive in. */
internal class TestDecoder(
    takesOver: Boolean = true,
    pool: CodecPool = loopPool(),
    zlib: Zlib = Zlib,
) {
    val decoder: DeflateDecoder = DeflateDecoder(pool, takesOver, zlib)

    fun decode(vararg pieces: ByteArray): ByteArray = collected { output ->
        pieces.forEach { decoder.decode(it, 0, it.size, output) }
        decoder.end(output)
    }
}

/** Returns the bytes that [action] writes. */
internal fun collected(action: (ByteSink) -> Unit): ByteArray {
    val bytes = ByteArrayOutputStream()
    action { array, offset, length -> bytes.write(array, offset, length) }
    return bytes.toByteArray()
}

/** Counts the zlib objects that were made, and those that have ended. */
internal class CountingZlib : Zlib {
    private val open = HashSet<Any>()
    var made = 0
        private set
    val living: Int get() = open.size

    private fun count(made: Any) {
        open.add(made)
        this.made++
    }

    override fun deflater(level: Int): Deflater = object : Deflater(level, true) {
        init {
            count(this)
        }

        override fun end() {
            open.remove(this)
            super.end()
        }
    }

    override fun inflater(): Inflater = object : Inflater(true) {
        init {
            count(this)
        }

        override fun end() {
            open.remove(this)
            super.end()
        }
    }
}
