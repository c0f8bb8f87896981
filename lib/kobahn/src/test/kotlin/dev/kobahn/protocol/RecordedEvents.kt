package dev.kobahn.protocol

import dev.kobahn.protocol.endpoint.Protocol
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer

/**
 * Records the events of a [Protocol] as a readable list: `text`, `frame 5`, `data 48 65 6c 6c 6f`,
 * `/frame`, `/message`, `ping 48`, `close 1000 bye`, `failure TEXT_NOT_UTF8`.
 *
 * The record does not depend on how the bytes were cut: the data of one frame is one entry, and
 * the data of a frame that broke a rule is left out. Fails if an event follows the peer's Close, or
 * if another event than that follows a failure.
 */
internal class RecordedEvents : ProtocolEvents {
    /** The answer to [onCloseDue]. */
    var sendsCloseAtOnce = true

    /** The whole messages: `text 48 65`. */
    val messages = mutableListOf<String>()

    /** The failure's violation and message. */
    var failure: ProtocolException? = null
        private set

    private val entries = mutableListOf<String>()
    private val data = ByteArrayOutputStream()
    private val assembler = MessageAssembler()
    private var type: MessageType? = null
    private var closed = false

    val list: List<String>
        get() {
            flush()
            return entries.toList()
        }

    override fun onMessageBegin(type: MessageType) {
        this.type = type
        add(type.name.lowercase())
    }

    override fun onFrameBegin(length: Long) {
        add("frame $length")
        assembler.beginFrame(length)
    }

    override fun onFrameData(chunk: ByteBuffer) {
        check(failure == null && !closed) { "data after the end" }
        check(chunk.hasRemaining()) { "an empty chunk" }
        val bytes = ByteArray(chunk.remaining())
        chunk.duplicate().get(bytes)
        data.write(bytes)
        assembler.append(chunk)
    }

    override fun onFrameEnd() = add("/frame")

    override fun onMessageEnd() {
        add("/message")
        messages += "${type!!.name.lowercase()} ${assembler.end().toHex()}".trim()
    }

    override fun onPing(payload: ByteArray) = add("ping ${payload.toHex()}")

    override fun onPong(payload: ByteArray) = add("pong ${payload.toHex()}")

    override fun onClose(code: Int?, reason: String) {
        check(!closed) { "a second Close" }
        flush()
        entries += "close ${code ?: ""} $reason".trim()
        closed = true
    }

    override fun onFailure(cause: ProtocolException) {
        data.reset()
        add("failure ${cause.violation}")
        failure = cause
    }

    override fun onCloseDue(): Boolean = sendsCloseAtOnce

    private fun add(entry: String) {
        check(failure == null && !closed) { "$entry after the end" }
        flush()
        entries += entry.trim()
    }

    private fun flush() {
        if (data.size() > 0) entries += "data ${data.toByteArray().toHex()}"
        data.reset()
    }
}
