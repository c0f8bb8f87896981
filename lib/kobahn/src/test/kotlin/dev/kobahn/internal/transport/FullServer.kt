package dev.kobahn.internal.transport

import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.nio.channels.SocketChannel

/** A server whose backlog is full: the system leaves further attempts without an answer. */
internal suspend fun fullServer(test: suspend (port: Int) -> Unit) {
    val local = InetAddress.getByName("127.0.0.1")
    ServerSocket(0, 1, local).use { server ->
        val fill = List(4) {
            SocketChannel.open().apply {
                configureBlocking(false)
                connect(InetSocketAddress(local, server.localPort))
            }
        }
        test(server.localPort)
        fill.forEach { it.close() }
    }
}
