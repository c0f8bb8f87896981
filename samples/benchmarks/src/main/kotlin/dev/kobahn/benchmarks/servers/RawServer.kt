package dev.kobahn.benchmarks.servers

import java.net.InetSocketAddress
import java.net.StandardSocketOptions
import java.nio.ByteBuffer
import java.nio.channels.SelectionKey
import java.nio.channels.Selector
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import kotlin.concurrent.thread

/**
 * The floor: sends bytes back and knows nothing of frames. A thread with a selector and a direct
 * buffer for each loop, the first of which accepts for all. Of the protocol it knows only that
 * bytes which begin as a Close are the last ones.
 */
internal class RawServer : PeerServer {
    private lateinit var loops: List<Loop>
    private var accepted = 0

    override fun start(settings: ServerSettings): Int {
        loops = List(settings.loops) { Loop() }
        val server = ServerSocketChannel.open()
        server.bind(InetSocketAddress(ServerSettings.HOST, 0), ServerSettings.BACKLOG)
        server.configureBlocking(false)
        server.register(loops.first().selector, SelectionKey.OP_ACCEPT)
        loops.forEach { thread(name = "raw", block = it::run) }
        return (server.localAddress as InetSocketAddress).port
    }

    private fun accept(server: ServerSocketChannel) {
        while (true) {
            val channel = server.accept() ?: return
            channel.configureBlocking(false)
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true)
            val index = accepted++ % loops.size
            channel.register(loops[index].selector, SelectionKey.OP_READ)
            if (index > 0) loops[index].selector.wakeup()
        }
    }

    private inner class Loop {
        val selector: Selector = Selector.open()
        private val buffer = ByteBuffer.allocateDirect(256 * 1024)

        fun run() {
            while (true) selector.select(::serve)
        }

        private fun serve(key: SelectionKey) {
            if (key.isAcceptable) return accept(key.channel() as ServerSocketChannel)
            try {
                if (key.isWritable) writeRest(key)
                if (key.isReadable) echo(key)
            } catch (_: java.io.IOException) {
                key.channel().close()
            }
        }

        private fun echo(key: SelectionKey) {
            val channel = key.channel() as SocketChannel
            buffer.clear()
            if (channel.read(buffer) < 0) return channel.close()
            buffer.flip()
            val isClose = buffer.get(0) == CLOSE
            channel.write(buffer)
            if (isClose) return channel.close()
            if (buffer.hasRemaining()) {
                key.attach(ByteBuffer.allocate(buffer.remaining()).put(buffer).flip())
                key.interestOps(SelectionKey.OP_WRITE)
            }
        }

        private fun writeRest(key: SelectionKey) {
            val rest = key.attachment() as ByteBuffer
            (key.channel() as SocketChannel).write(rest)
            if (!rest.hasRemaining()) key.interestOps(SelectionKey.OP_READ)
        }
    }

    private companion object {
        const val CLOSE = 0x88.toByte()
    }
}
