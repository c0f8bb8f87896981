package dev.kobahn.process

import java.io.Closeable
import java.io.IOException
import java.net.InetSocketAddress
import java.net.StandardSocketOptions
import java.nio.ByteBuffer
import java.nio.channels.SelectionKey
import java.nio.channels.Selector
import java.nio.channels.SocketChannel
import java.util.concurrent.TimeUnit

/**
 * Many peers at once, each of which asks for a WebSocket at [path] and once it has that sends
 * [bytes]. Nothing of the library is used, and nothing is waited for without end.
 *
 * @param reads whether they read what comes after the answer to their request
 */
internal class Crowd(
    private val port: Int,
    count: Int,
    private val bytes: ByteArray,
    private val path: String = "/",
    private val reads: Boolean = true,
) : Closeable {
    private val selector = Selector.open()
    private val input = ByteBuffer.allocate(64 * 1024)
    private val peers = List(count) { Peer() }

    /** How many have their WebSocket. */
    val open: Int get() = peers.count { it.isOpen }

    /** How many were answered in any way, or cut off. */
    val answered: Int get() = peers.count { it.isOpen || it.isGone }

    /** How many the server has cut off. */
    val gone: Int get() = peers.count { it.isGone }

    /** How many have sent all they have to. */
    val done: Int get() = peers.count { it.isDone }

    /** Lets them go on until [isEnough], or for [seconds]; whether it was enough. */
    fun goOn(seconds: Long, isEnough: Crowd.() -> Boolean): Boolean {
        val end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds)
        while (!isEnough()) {
            if (System.nanoTime() > end) return false
            selector.select(PAUSE_MILLIS)
            for (key in selector.selectedKeys()) (key.attachment() as Peer).serve(key)
            selector.selectedKeys().clear()
        }
        return true
    }

    /** Resets the connections of all of them. */
    override fun close() {
        peers.forEach { it.reset() }
        selector.close()
    }

    private inner class Peer {
        private val channel = SocketChannel.open()
        private var output = ByteBuffer.wrap(request())
        var isOpen = false
        var isGone = false
        val isDone: Boolean get() = isOpen && !output.hasRemaining()

        init {
            channel.setOption(StandardSocketOptions.SO_LINGER, 0)
            channel.configureBlocking(false)
            channel.connect(InetSocketAddress("localhost", port))
            channel.register(selector, SelectionKey.OP_CONNECT, this)
        }

        private fun request() = (
            "GET $path HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n" +
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            ).encodeToByteArray()

        fun serve(key: SelectionKey) {
            try {
                if (key.isConnectable) channel.finishConnect()
                if (key.isReadable) read()
                if (output.hasRemaining()) channel.write(output)
                key.interestOps(interest())
            } catch (_: IOException) {
                isGone = true
                reset()
            }
        }

        private fun read() {
            input.clear()
            if (channel.read(input) < 0) throw IOException("the end")
            if (isOpen) return
            if (!String(input.array(), 0, input.position()).startsWith("HTTP/1.1 101")) {
                throw IOException("refused")
            }
            isOpen = true
            output = ByteBuffer.wrap(bytes)
        }

        private fun interest(): Int {
            val reading = if (reads || !isOpen) SelectionKey.OP_READ else 0
            return if (output.hasRemaining()) reading or SelectionKey.OP_WRITE else reading
        }

        fun reset() {
            channel.close()
        }
    }

    companion object {
        private const val PAUSE_MILLIS = 20L

        /** The beginning of a message of 15 MiB, of which only [count] bytes come. */
        fun unfinished(count: Int): ByteArray {
            val frame = ByteBuffer.allocate(14 + count)
            frame.put(0x82.toByte()).put(0xFF.toByte()).putLong(15L shl 20).putInt(0)
            return frame.array()
        }
    }
}
