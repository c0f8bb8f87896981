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
 *
 * @param host the port that the Host field of a request gets, because the fuzzing server insists on its
 * own; null leaves the field as it is
 */
internal class TlsTunnel(
    private val listener: ServerSocket,
    private val host: Int? = null,
    private val connect: () -> Socket,
) : Closeable {
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
                    if (host != null) passRequest(outer, inner, host)
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

    /** Passes the first bytes on, which hold the whole head: a client sends it in one write. */
    private fun passRequest(from: Socket, to: Socket, host: Int) {
        val bytes = ByteArray(BUFFER)
        val count = from.getInputStream().read(bytes)
        if (count < 0) return
        val head = String(bytes, 0, count, Charsets.ISO_8859_1)
        val changed = head.replaceFirst(HOST, "Host: $1:$host")
        to.getOutputStream().write(changed.toByteArray(Charsets.ISO_8859_1))
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
        private val HOST = Regex("Host: ([^:\r]+):\\d+")
        val LOOPBACK: InetAddress = InetAddress.getLoopbackAddress()

        /** Returns a tunnel that takes plain connections and speaks TLS to [port]. */
        fun toTls(port: Int): TlsTunnel = TlsTunnel(ServerSocket(0, 64, LOOPBACK)) {
            TestTls.client.socketFactory.createSocket(LOOPBACK, port)
        }

        /** Returns a tunnel that takes TLS connections and speaks plainly to [port]. */
        fun fromTls(port: Int): TlsTunnel = TlsTunnel(
            TestTls.server.serverSocketFactory.createServerSocket(0, 64, LOOPBACK),
            host = port,
        ) { Socket(LOOPBACK, port) }
    }
}
