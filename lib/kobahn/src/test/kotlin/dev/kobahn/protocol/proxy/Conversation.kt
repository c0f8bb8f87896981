package dev.kobahn.protocol.proxy

import java.nio.ByteBuffer

/** The steps of a dialogue for the bytes of [parts], and the number of bytes that it left. */
internal class Conversation(dialogue: ProxyDialogue, parts: List<ByteArray>) {
    val sent = ArrayList<ByteArray>()
    var last: ProxyStep = ProxyStep.More
        private set
    var left = 0
        private set

    init {
        for (part in parts) {
            val input = ByteBuffer.wrap(part)
            do {
                last = dialogue.receive(input)
                (last as? ProxyStep.Send)?.let { sent += it.bytes }
            } while (last is ProxyStep.Send)
            left += input.remaining()
        }
    }

    val refusal: ProxyRefusal get() = (last as ProxyStep.Refused).refusal
}

/** The refusal if the proxy ends the transport now. */
internal val ProxyDialogue.refusalAtEnd: ProxyRefusal get() = (end() as ProxyStep.Refused).refusal

/** All at once, cut at every place, and byte by byte. */
internal fun cuts(bytes: ByteArray): List<List<ByteArray>> =
    (0..bytes.size).map { listOf(bytes.copyOf(it), bytes.copyOfRange(it, bytes.size)) } +
        listOf(bytes.map { byteArrayOf(it) })
