package dev.kobahn.benchmarks.load

import java.io.IOException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.StandardSocketOptions
import java.nio.ByteBuffer
import java.nio.channels.SelectionKey
import java.nio.channels.SocketChannel

/** Whom to connect to. [raw] is a peer that sends bytes back and knows nothing of WebSocket. */
internal class Target(
    val port: Int,
    val path: String = "/",
    val raw: Boolean = false,
    val offer: String? = null,
    val tls: ClientTls? = null,
)

/** The use of a connection. All calls come from the loop. */
internal interface Talk {
    val check: MessageCheck

    /** The connection is open, with the [extensions] that the server agreed to. */
    fun opened(connection: LoadConnection, extensions: String?)

    /** A message arrived and was right. */
    fun message()

    /** Everything that was read in this turn has been handed out: the time to write. */
    fun turnEnd(connection: LoadConnection) {}

    /** A Close frame arrived. */
    fun closeReceived(connection: LoadConnection): Unit = throw LoadFailure("the server closes")

    /** The server has closed the transport. */
    fun ended(connection: LoadConnection): Unit = throw LoadFailure("the server is gone")
}

/** One connection of the generator, from its first byte on. */
internal class LoadConnection(
    private val loop: LoadLoop,
    private val target: Target,
    private val talk: Talk,
    index: Int = 0,
    place: Int = 0,
) {
    private val channel = SocketChannel.open()
    private val key: SelectionKey
    private val tls = target.tls?.let { TlsWire(it.engine(place), channel, ::send) }
    private val reader =
        FrameReader(talk.check, talk::message, ::sendPong) { talk.closeReceived(this) }
    private var request: UpgradeRequest? = null
    private var isSecuring = tls != null
    private var unread = EMPTY
    private var unwritten: ByteBuffer? = null

    /** When this connection was asked for, in nanoseconds. */
    val began = System.nanoTime()

    /** Whether frames are masked as they have to be, which only the raw peer has no use for. */
    val masks: Boolean get() = !target.raw

    init {
        channel.configureBlocking(false)
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true)
        val host = index / PER_ADDRESS
        if (host > 0) channel.bind(InetSocketAddress("127.0.0.${host + 1}", 0))
        channel.connect(InetSocketAddress(InetAddress.getLoopbackAddress(), target.port))
        key = channel.register(loop.selector, SelectionKey.OP_CONNECT, this)
    }

    fun ready() {
        if (key.isConnectable) connected()
        if (key.isValid && key.isWritable) writeRest()
        if (key.isValid && key.isReadable) read()
    }

    private fun connected() {
        channel.finishConnect()
        key.interestOps(SelectionKey.OP_READ)
        if (tls != null) tls.begin() else ask()
    }

    private fun ask() {
        if (target.raw) return open(null)
        request = UpgradeRequest(target).also { write(ByteBuffer.wrap(it.bytes)) }
    }

    private fun open(extensions: String?) {
        talk.opened(this, extensions)
    }

    private fun read() {
        val input = loop.input.clear().put(unread)
        val count = try {
            tls?.read(input) ?: channel.read(input)
        } catch (e: IOException) {
            return talk.ended(this)
        }
        if (count < 0) return talk.ended(this)
        if (isSecuring) {
            if (tls?.isOpen != true) return
            isSecuring = false
            return ask()
        }
        var from = 0
        request?.let { from = answered(it, input) }
        if (request == null) {
            from = reader.read(input.array(), from, input.position())
            talk.turnEnd(this)
        }
        val rest = input.position() - from
        unread = if (rest == 0) EMPTY else input.array().copyOfRange(from, input.position())
    }

    private fun answered(request: UpgradeRequest, input: ByteBuffer): Int {
        val answer = request.answer(input.array(), input.position()) ?: return 0
        this.request = null
        open(answer.extensions)
        return answer.end
    }

    /** Writes what is in the loop's output, and keeps what the system does not take at once. */
    fun flush() {
        val output = loop.output
        if (output.end > 0) write(output.buffer.limit(output.end).position(0))
        output.clear()
    }

    private fun write(bytes: ByteBuffer) {
        if (tls != null) tls.encrypt(bytes) else send(bytes)
    }

    private fun send(bytes: ByteBuffer) {
        val waiting = unwritten
        if (waiting == null) channel.write(bytes)
        if (!bytes.hasRemaining()) return
        val all = ByteBuffer.allocate((waiting?.remaining() ?: 0) + bytes.remaining())
        waiting?.let(all::put)
        unwritten = all.put(bytes).flip()
        key.interestOps(SelectionKey.OP_READ or SelectionKey.OP_WRITE)
    }

    private fun writeRest() {
        val waiting = unwritten ?: return
        channel.write(waiting)
        if (waiting.hasRemaining()) return
        unwritten = null
        key.interestOps(SelectionKey.OP_READ)
    }

    /** Answers a Ping: a server may send them by itself (RFC 6455 section 5.5.3). */
    private fun sendPong(payload: ByteArray) {
        loop.output.frame(FrameReader.FIN or FrameReader.PONG, payload, payload.size, masks)
        flush()
    }

    /** Sends a Close with 1000. */
    fun sendClose() {
        loop.output.frame(FrameReader.FIN or FrameReader.CLOSE, NORMAL, NORMAL.size, masks)
        flush()
    }

    /** Closes the transport; [abruptly] with an RST, which leaves no TIME_WAIT behind. */
    fun close(abruptly: Boolean = false) {
        if (abruptly && channel.isOpen) channel.setOption(StandardSocketOptions.SO_LINGER, 0)
        channel.close()
    }

    private companion object {
        /** More connections than this to one address need a further address to come from. */
        const val PER_ADDRESS = 20_000
        val EMPTY = ByteArray(0)
        val NORMAL = byteArrayOf(0x03, 0xE8.toByte())
    }
}
