package dev.kobahn.hosting

import dev.kobahn.ServerConnectionOptions
import dev.kobahn.ServerWebSocket
import dev.kobahn.protocol.handshake.HeadResult
import dev.kobahn.protocol.handshake.RequestHead
import dev.kobahn.protocol.handshake.RequestHeadParser
import java.io.ByteArrayInputStream
import java.io.IOException
import java.io.SequenceInputStream
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.nio.ByteBuffer
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.Executors
import kotlinx.coroutines.runBlocking

/** A host of blocking sockets, which takes a connection over as [take] says. */
internal class SocketHost(
    private val server: HostedServer,
    private val take: SocketHost.(Socket) -> Unit,
) : Host {
    private val listener = ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))
    private val sockets = CopyOnWriteArrayList<Socket>()
    val executor = Executors.newCachedThreadPool()

    override val port: Int get() = listener.localPort
    override val connections: Int get() = server.connectionCount

    init {
        executor.execute {
            while (!listener.isClosed) {
                val socket = try {
                    listener.accept()
                } catch (_: IOException) {
                    break
                }
                socket.tcpNoDelay = true
                sockets.add(socket)
                executor.execute { take(socket) }
            }
        }
    }

    /** Hands the socket over before anything was read. */
    fun handOver(socket: Socket) =
        server.accept(BlockingByteStream.of(socket, executor), socket.details())

    /** Reads the head, and lets Kobahn write the answer. */
    fun readAndHandOver(socket: Socket) {
        val (head, stream) = read(socket) ?: return socket.close()
        server.accept(HostedRequest(head, socket.details()), stream)
    }

    /** Reads the head and writes the answer itself. */
    fun answer(socket: Socket) {
        val (head, stream) = read(socket) ?: return socket.close()
        val request = HostedRequest(head, socket.details())
        when (val answer = runBlocking { server.answer(request) }) {
            is HostedAnswer.Plain -> socket.use {
                it.getOutputStream().write(answer.response.toBytes())
            }

            is HostedAnswer.Upgrade -> {
                socket.getOutputStream().write(answer.response.toBytes())
                answer.attach(stream)
            }
        }
    }

    private fun read(socket: Socket): Pair<RequestHead, ByteStream>? {
        val input = socket.getInputStream()
        val parser = RequestHeadParser()
        val buffer = ByteBuffer.allocate(SIZE)
        do {
            val count = input.read(buffer.array())
            if (count < 0) return null
            buffer.clear()
            buffer.limit(count)
        } while (!parser.parse(buffer))
        val head = (parser.result as? HeadResult.Complete)?.head ?: return null
        val early = ByteArrayInputStream(buffer.array(), buffer.position(), buffer.remaining())
        val rest = SequenceInputStream(early, input)
        val stream = object : BlockingByteStream(rest, socket.getOutputStream(), executor, socket) {
            override fun shutdownOutput() = socket.shutdownOutput()
        }
        return head to stream
    }

    private fun Socket.details() = StreamDetails.of(remoteSocketAddress, localSocketAddress)

    override suspend fun stop() = server.stop()

    override suspend fun close() {
        listener.close()
        sockets.forEach(Socket::close)
        executor.shutdown()
    }

    companion object {
        private const val SIZE = 8192

        /** Starts hosts that take connections over as [take] says. */
        fun starter(take: SocketHost.(Socket) -> Unit) = HostStarter { options, handler ->
            SocketHost(server(options, handler), take)
        }

        private fun server(
            options: ServerConnectionOptions.() -> Unit,
            handler: suspend ServerWebSocket.() -> Unit,
        ) = hostedServer {
            options()
            route("/ws/{name}") { onConnect(handler) }
        }
    }
}
