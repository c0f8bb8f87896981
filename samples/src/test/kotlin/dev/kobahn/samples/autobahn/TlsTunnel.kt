package dev.kobahn.samples.autobahn

import java.io.Closeable
import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.ConcurrentHashMap
import kotlin.concurrent.thread

/**
 * Joins the suite, which speaks no TLS, to a peer that does: accepts at [listener], opens a socket by
 * [connect] for each connection, and passes the bytes and the end of each direction on. Uses the
 * JDK's blocking sockets, and nothing of the library under test.
 */
internal class TlsTunnel(private val listener: ServerSocket, private val connect: () -> Socket) :
    Closeable {
    private val open = ConcurrentHashMap.newKeySet<Socket>()

    val port: Int get() = listener.localPort

    init {
        thread(isDaemon = true, name = "tunnel") { acceptAll() }
    }

    private fun acceptAll() {
        while (true) {
            val outer = try {
                listener.accept()
            } catch (_: IOException) {
                return
            }
            thread(isDaemon = true, name = "tunnel-connection") { join(outer) }
        }
    }

    private fun join(outer: Socket) {
        outer.use {
            open.add(outer)
            try {
                connect().use { inner ->
                    open.add(inner)
                    listOf(outer, inner).forEach { it.tcpNoDelay = true }
                    val back = thread(isDaemon = true, name = "tunnel-back") { pass(inner, outer) }
                    pass(outer, inner)
                    back.join()
                    open.remove(inner)
                }
            } catch (_: IOException) {
                // The suite sees the end of its connection, and judges it.
            }
            open.remove(outer)
        }
    }

    private fun pass(from: Socket, to: Socket) {
        try {
            from.getInputStream().copyTo(to.getOutputStream(), BUFFER)
            to.shutdownOutput()
        } catch (_: IOException) {
            // A reset goes on as a reset of both.
            listOf(from, to).forEach(::reset)
        }
    }

    private fun reset(socket: Socket) {
        try {
            socket.setSoLinger(true, 0)
            socket.close()
        } catch (_: IOException) {
            // It is closed already.
        }
    }

    override fun close() {
        listener.close()
        open.forEach(::reset)
    }

    companion object {
        private const val BUFFER = 64 * 1024
        val LOOPBACK: InetAddress = InetAddress.getLoopbackAddress()

        /** Returns a tunnel that takes plain connections and speaks TLS to [port]. */
        fun toTls(port: Int): TlsTunnel = TlsTunnel(ServerSocket(0, 64, LOOPBACK)) {
            TestTls.client.socketFactory.createSocket(LOOPBACK, port)
        }

        /** Returns a tunnel that takes TLS connections and speaks plainly to [port]. */
        fun fromTls(port: Int): TlsTunnel = TlsTunnel(
            TestTls.server.serverSocketFactory.createServerSocket(0, 64, LOOPBACK),
        ) { Socket(LOOPBACK, port) }
    }
}
