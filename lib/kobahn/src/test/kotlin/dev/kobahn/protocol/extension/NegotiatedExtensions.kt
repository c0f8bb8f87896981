package dev.kobahn.protocol.extension

import dev.kobahn.protocol.MessageType
import java.io.ByteArrayOutputStream

/** An extension that agrees to any parameters and leaves messages unchanged. */
internal class AnyParameters(private val offer: ExtensionHeader, private val bits: Int = 0) :
    ServerExtension,
    ClientExtension {
    override val offers: List<ExtensionHeader> = listOf(offer)

    override fun accept(offers: List<ExtensionHeader>) =
        offers.firstOrNull { it.name == offer.name }?.let(::agreed)

    override fun confirm(answer: ExtensionHeader) =
        if (answer.name == offer.name) agreed(answer) else null

    private fun agreed(header: ExtensionHeader) = object : AgreedExtension {
        override val header = header
        override val reservedBits = bits

        override fun encoder(pool: CodecPool) = Idle

        override fun decoder(pool: CodecPool) = Idle
    }
}

private object Idle : MessageEncoder, MessageDecoder {
    override fun begin(type: MessageType, length: Long) = false

    override fun encode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) =
        output.write(bytes, offset, length)

    override fun decode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) =
        output.write(bytes, offset, length)

    override fun flush(output: ByteSink) = Unit

    override fun end(output: ByteSink) = Unit

    override fun close() = Unit
}

/** `x-reverse`: every message with its bytes in the reverse order, marked with RSV2. */
internal object ReversedBytes : ServerExtension, ClientExtension, AgreedExtension {
    override val header = ExtensionHeader("x-reverse")
    override val reservedBits = ReservedBits.RSV2
    override val offers = listOf(header)

    override fun accept(offers: List<ExtensionHeader>) = takeIf { header in offers }

    override fun confirm(answer: ExtensionHeader) = when {
        answer.name != header.name -> null
        answer.params.isEmpty() -> this
        else -> throw ExtensionException("x-reverse has no parameters")
    }

    override fun encoder(pool: CodecPool): MessageEncoder = object : MessageEncoder {
        private val reversal = Reversal()

        override fun begin(type: MessageType, length: Long) = true

        override fun encode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) =
            reversal.add(bytes, offset, length)

        override fun flush(output: ByteSink) = Unit

        override fun end(output: ByteSink) = reversal.end(output)

        override fun close() = Unit
    }

    override fun decoder(pool: CodecPool): MessageDecoder = object : MessageDecoder {
        private val reversal = Reversal()

        override fun decode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) =
            reversal.add(bytes, offset, length)

        override fun end(output: ByteSink) = reversal.end(output)

        override fun close() = Unit
    }

    private class Reversal {
        private val message = ByteArrayOutputStream()

        fun add(bytes: ByteArray, offset: Int, length: Int) = message.write(bytes, offset, length)

        fun end(output: ByteSink) {
            val bytes = message.toByteArray().also { message.reset() }
            bytes.reverse()
            output.write(bytes, 0, bytes.size)
        }
    }
}

/** Parses the elements of the header value [text], which must be well-formed. */
internal fun elements(text: String): List<ExtensionHeader> =
    checkNotNull(ExtensionHeader.parse(text)) { "malformed: $text" }
