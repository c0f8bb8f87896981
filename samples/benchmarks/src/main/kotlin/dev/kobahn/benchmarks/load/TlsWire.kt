package dev.kobahn.benchmarks.load

import java.nio.ByteBuffer
import java.nio.channels.SocketChannel
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult.HandshakeStatus
import javax.net.ssl.SSLEngineResult.Status

/** TLS between a connection of the generator and its channel. */
internal class TlsWire(
    private val engine: SSLEngine,
    private val channel: SocketChannel,
    private val write: (ByteBuffer) -> Unit,
) {
    private var unread = EMPTY

    var isOpen = false
        private set

    fun begin() {
        engine.beginHandshake()
        goOn()
    }

    /** Reads into [input] as a channel does. */
    fun read(input: ByteBuffer): Int {
        val cipher = cipherIn.clear().put(unread)
        val count = channel.read(cipher)
        cipher.flip()
        val before = input.position()
        while (cipher.hasRemaining()) {
            val result = engine.unwrap(cipher, input)
            if (result.status == Status.CLOSED) break
            if (result.status == Status.BUFFER_OVERFLOW) throw LoadFailure("no room for a record")
            if (result.status == Status.BUFFER_UNDERFLOW) break
            goOn()
        }
        unread = ByteArray(cipher.remaining()).also(cipher::get)
        return if (count < 0) count else input.position() - before
    }

    private fun goOn() {
        while (true) {
            when (engine.handshakeStatus) {
                HandshakeStatus.NEED_TASK -> engine.delegatedTask?.run()
                HandshakeStatus.NEED_WRAP -> encrypt(NOTHING)
                HandshakeStatus.NEED_UNWRAP -> return
                else -> return run { isOpen = true }
            }
        }
    }

    /** Encrypts and writes [plain]. */
    fun encrypt(plain: ByteBuffer) {
        val cipher = cipherOut.clear()
        do engine.wrap(plain, cipher) while (plain.hasRemaining())
        write(cipher.flip())
    }

    private companion object {
        val EMPTY = ByteArray(0)
        val NOTHING: ByteBuffer = ByteBuffer.allocate(0)

        /** For all connections: there is one loop, and one thread. */
        val cipherIn: ByteBuffer = ByteBuffer.allocate(200 * 1024)
        val cipherOut: ByteBuffer = ByteBuffer.allocate(1200 * 1024)
    }
}
