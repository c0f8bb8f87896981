package dev.kobahn.codec

import dev.kobahn.codec.brotli.BrotliDecoder
import dev.kobahn.codec.brotli.BrotliEncoder
import dev.kobahn.codec.bzip2.Bzip2Decoder
import dev.kobahn.codec.bzip2.Bzip2Encoder
import dev.kobahn.codec.snappy.SnappyDecoder
import dev.kobahn.codec.snappy.SnappyEncoder
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.SegmentPool
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.extension.ByteSink
import dev.kobahn.protocol.extension.MessageDecoder
import dev.kobahn.protocol.extension.MessageEncoder
import java.io.ByteArrayOutputStream

/** Every codec as every agreement makes it. */
internal enum class Codecs(val encoder: () -> MessageEncoder, val decoder: () -> MessageDecoder) {
    BZIP2({ Bzip2Encoder(9) }, { Bzip2Decoder(SegmentPool(4), 1L shl 30) }),
    BZIP2_LEVEL_1({ Bzip2Encoder(1) }, { Bzip2Decoder(SegmentPool.NONE, 1L shl 30) }),
    SNAPPY({ SnappyEncoder(false) }, { SnappyDecoder(false) }),
    SNAPPY_ALONE({ SnappyEncoder(true) }, { SnappyDecoder(true) }),
    BROTLI({ BrotliEncoder(false) }, { BrotliDecoder(false) }),
    BROTLI_ALONE({ BrotliEncoder(true) }, { BrotliDecoder(true) }),
    ;

    init {
        // loads the native libraries
        KobahnCodecs.available()
    }

    /** Runs [block] with an encoder and a decoder. */
    inline fun pair(block: (encoder: MessageEncoder, decoder: MessageDecoder) -> Unit) {
        val encoder = encoder()
        val decoder = decoder()
        try {
            block(encoder, decoder)
        } finally {
            encoder.close()
            decoder.close()
        }
    }
}

/** Keeps what it is given; more than [limit] bytes are a violation, as in a connection. */
internal class Kept(private val limit: Long = Long.MAX_VALUE) : ByteSink {
    private val bytes = ByteArrayOutputStream()
    val size: Int get() = bytes.size()
    var largestStep = 0
        private set

    override val room: Long get() = if (limit == Long.MAX_VALUE) limit else limit - size

    override fun write(bytes: ByteArray, offset: Int, length: Int) {
        largestStep = maxOf(largestStep, length)
        this.bytes.write(bytes, offset, length)
        if (size > limit) throw ProtocolException(Violation.MESSAGE_TOO_BIG)
    }

    fun take(): ByteArray = bytes.toByteArray().also { bytes.reset() }
}

/** [message] as it is sent when it is written in pieces of [piece] bytes. */
internal fun MessageEncoder.encoded(message: ByteArray, piece: Int = Int.MAX_VALUE): ByteArray {
    val sent = Kept()
    begin(MessageType.BINARY, if (piece < message.size) -1 else message.size.toLong())
    message.inPieces(piece) { offset, length ->
        encode(message, offset, length, sent)
        if (piece < message.size) flush(sent)
    }
    end(sent)
    return sent.take()
}

/** The message that was sent as [bytes], which arrive in pieces of [piece] bytes. */
internal fun MessageDecoder.decoded(
    bytes: ByteArray,
    piece: Int = Int.MAX_VALUE,
    output: Kept = Kept(),
): ByteArray {
    bytes.inPieces(piece) { offset, length -> decode(bytes, offset, length, output) }
    end(output)
    return output.take()
}

internal fun ByteArray.inPieces(size: Int, block: (offset: Int, length: Int) -> Unit) {
    for (offset in indices step minOf(size, maxOf(this.size, 1))) {
        block(offset, minOf(size, this.size - offset))
    }
}

/** Bytes that can be compressed, but not to nothing. */
internal fun prose(size: Int): ByteArray {
    val words = "the frame carries a fragment of the message, masked by its key; ".toByteArray()
    return ByteArray(size) { (words[it % words.size] + it / 997 % 3).toByte() }
}
