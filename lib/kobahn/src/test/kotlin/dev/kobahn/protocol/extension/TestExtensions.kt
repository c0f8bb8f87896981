package dev.kobahn.protocol.extension

import dev.kobahn.protocol.MessageType

/** An extension with given codecs, which counts the codecs that are open. */
internal class TestExtension(
    name: String,
    override val reservedBits: Int,
    override val maxMessageSize: Long = 0,
    override val maxExpansion: Int = 0,
    private val encoder: () -> MessageEncoder,
    private val decoder: () -> MessageDecoder,
) : AgreedExtension {
    override val header = ExtensionHeader(name)

    /** The encoders and decoders that were made and not closed. */
    var open = 0
        private set

    override fun encoder(pool: CodecPool): MessageEncoder {
        val made = encoder()
        open++
        return object : MessageEncoder by made {
            override val standaloneForm get() = made.standaloneForm

            override fun close() {
                open--
                made.close()
            }
        }
    }

    override fun decoder(pool: CodecPool): MessageDecoder {
        val made = decoder()
        open++
        return object : MessageDecoder by made {
            override fun close() {
                open--
                made.close()
            }
        }
    }
}

/** Adds [count] to every byte. */
internal fun rotation(count: Int, reservedBits: Int = ReservedBits.RSV1): TestExtension =
    TestExtension(
        "x-rotation",
        reservedBits,
        encoder = { EachByte { listOf(it + count) } },
        decoder = { Rotation(-count) },
    )

/** Sends every byte twice. */
internal fun doubling(
    reservedBits: Int = ReservedBits.RSV2,
    maxMessageSize: Long = 0,
): TestExtension = TestExtension(
    "x-doubling",
    reservedBits,
    maxMessageSize,
    encoder = { EachByte { listOf(it, it) } },
    decoder = { Halving() },
)

/** Sends runs of one byte as length and byte: a bomb of 2 bytes has 255. */
internal fun expansion(maxExpansion: Int = 0, maxMessageSize: Long = 0): TestExtension =
    TestExtension(
        "x-run",
        ReservedBits.RSV1,
        maxMessageSize,
        maxExpansion,
        encoder = { EachByte { listOf(1, it) } },
        decoder = { Runs() },
    )

/** An extension whose encoder is [encoder], and whose decoder changes nothing. */
internal fun encodingBy(encoder: MessageEncoder): TestExtension =
    TestExtension("x-test", ReservedBits.RSV1, encoder = { encoder }, decoder = { Rotation(0) })

/** An extension whose decoder is [decode]. */
internal fun decodingBy(decode: (ByteSink) -> Unit): TestExtension = TestExtension(
    "x-test",
    ReservedBits.RSV1,
    encoder = { EachByte { listOf(it) } },
    decoder = {
        object : MessageDecoder {
            override fun decode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) =
                decode(output)

            override fun end(output: ByteSink) = Unit

            override fun close() = Unit
        }
    },
)

/** Replaces each byte by the result of [change]. */
internal open class EachByte(private val change: (Int) -> List<Int>) : MessageEncoder {
    override fun begin(type: MessageType, length: Long): Boolean = true

    override fun encode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) {
        val changed = (offset until offset + length).flatMap { change(bytes[it].toInt()) }
        output.write(ByteArray(changed.size) { changed[it].toByte() }, 0, changed.size)
    }

    override fun flush(output: ByteSink) = Unit

    override fun end(output: ByteSink) = Unit

    override fun close() = Unit
}

private class Rotation(private val count: Int) : MessageDecoder {
    override fun decode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) {
        val changed = ByteArray(length) { (bytes[offset + it] + count).toByte() }
        output.write(changed, 0, length)
    }

    override fun end(output: ByteSink) = Unit

    override fun close() = Unit
}

private class Halving : MessageDecoder {
    private var first: Byte? = null

    override fun decode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) {
        for (index in offset until offset + length) {
            if (first == null) {
                first = bytes[index]
            } else {
                first = null
                output.write(bytes, index, 1)
            }
        }
    }

    override fun end(output: ByteSink) = check(first == null) { "half a byte" }

    override fun close() = Unit
}

private class Runs : MessageDecoder {
    private var count: Int? = null

    override fun decode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) {
        for (index in offset until offset + length) {
            val run = count
            if (run == null) {
                count = bytes[index].toInt() and 0xFF
            } else {
                count = null
                output.write(ByteArray(run) { bytes[index] }, 0, run)
            }
        }
    }

    override fun end(output: ByteSink) = Unit

    override fun close() = Unit
}
