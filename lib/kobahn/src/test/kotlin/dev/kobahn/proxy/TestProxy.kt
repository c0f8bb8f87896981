package dev.kobahn.proxy

import dev.kobahn.internal.transport.tls.Certificates
import io.netty.pkitesting.X509Bundle
import java.io.Closeable
import java.io.IOException
import java.io.InputStream
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.atomic.AtomicInteger
import javax.net.ssl.KeyManagerFactory
import javax.net.ssl.SSLContext
import javax.net.ssl.TrustManagerFactory
import kotlin.concurrent.thread

/**
 * A proxy on loopback, of which nothing is the library's. [serve] gets each connection, with its
 * number from 0 on, in a thread of its own, and may end in [relay].
 */
internal class TestProxy(
    tls: SSLContext? = null,
    private val serve: TestProxy.(Socket, Int) -> Unit,
) : Closeable {
    private val listening: ServerSocket = InetAddress.getByName("127.0.0.1").let { address ->
        tls?.serverSocketFactory?.createServerSocket(0, 50, address) ?: ServerSocket(0, 50, address)
    }
    private val sockets = CopyOnWriteArrayList<Socket>()
    private val count = AtomicInteger()
    private val threads = CopyOnWriteArrayList<Thread>()

    /** The heads or requests that the clients have sent, in order. */
    val requests = CopyOnWriteArrayList<String>()

    val port: Int get() = listening.localPort

    /** The number of connections so far. */
    val connections: Int get() = count.get()

    init {
        start {
            while (true) {
                val socket = listening.accept().also(sockets::add)
                val number = count.getAndIncrement()
                start { socket.use { serve(it, number) } }
            }
        }
    }

    private fun start(action: () -> Unit) {
        threads += thread(isDaemon = true) {
            try {
                action()
            } catch (_: IOException) {
                // The other end, or the test, has ended the connection.
            }
        }
    }

    /** Copies both ways between [client] and the server at [port] until both directions have ended. */
    fun relay(client: Socket, port: Int) {
        Socket(InetAddress.getByName("localhost"), port).use { server ->
            sockets += server
            val back = thread(isDaemon = true) { copy(server, client) }
            copy(client, server)
            back.join()
        }
    }

    private fun copy(from: Socket, to: Socket) {
        try {
            from.getInputStream().copyTo(to.getOutputStream())
            to.shutdownOutput()
        } catch (_: IOException) {
            from.close()
            to.close()
        }
    }

    override fun close() {
        listening.close()
        sockets.forEach(Socket::close)
        threads.forEach { it.join(PATIENCE_MILLIS) }
    }

    private companion object {
        const val PATIENCE_MILLIS = 10_000L
    }
}

/** Reads an HTTP head, and not a byte behind it. */
internal fun InputStream.readHead(): String {
    val head = StringBuilder()
    while (!head.endsWith("\r\n\r\n")) head.append(readByte().toInt().toChar())
    return head.toString()
}

internal fun InputStream.readByte(): Byte {
    val byte = read()
    if (byte < 0) throw IOException("the end")
    return byte.toByte()
}

internal fun InputStream.readBytes(count: Int): ByteArray = ByteArray(count) { readByte() }

internal fun Socket.send(text: String) = getOutputStream().write(text.encodeToByteArray())

internal fun Socket.send(bytes: ByteArray) = getOutputStream().write(bytes)

/** An HTTP proxy that opens a tunnel to the local [target] for every CONNECT. */
internal fun connectProxy(target: Int, tls: SSLContext? = null): TestProxy =
    TestProxy(tls) { client, _ ->
        requests += client.getInputStream().readHead()
        client.send("HTTP/1.1 200 Connection established\r\n\r\n")
        relay(client, target)
    }

/**
 * A SOCKS5 proxy that opens a tunnel to the local [target] for every request, with a password if
 * [credentials], `user:password`, is there.
 */
internal fun socksProxy(target: Int, credentials: String? = null): TestProxy =
    TestProxy { client, _ ->
        val input = client.getInputStream()
        input.readByte()
        input.readBytes(input.readByte().toInt())
        if (credentials == null) {
            client.send(byteArrayOf(5, 0))
        } else {
            client.send(byteArrayOf(5, 2))
            input.readByte()
            val user = input.readBytes(input.readByte().toInt()).decodeToString()
            val password = input.readBytes(input.readByte().toInt()).decodeToString()
            client.send(byteArrayOf(1, if ("$user:$password" == credentials) 0 else 1))
            if ("$user:$password" != credentials) return@TestProxy
        }
        input.readBytes(3)
        requests += when (input.readByte().toInt()) {
            1 -> input.readBytes(4).joinToString(".") { (it.toInt() and 0xFF).toString() }
            3 -> input.readBytes(input.readByte().toInt()).decodeToString()
            else -> InetAddress.getByAddress(input.readBytes(16)).hostAddress
        } + ":" + input.readBytes(2).fold(0) { sum, byte -> sum * 256 + (byte.toInt() and 0xFF) }
        client.send(byteArrayOf(5, 0, 0, 1, 127, 0, 0, 1, 0, 0))
        relay(client, target)
    }

/** The TLS of a proxy with the certificate of [bundle], which trusts clients of [authority]. */
internal fun proxyTls(bundle: X509Bundle, authority: X509Bundle? = null): SSLContext {
    val keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm())
    keys.init(bundle.toKeyStore(CharArray(0)), CharArray(0))
    val trust = authority?.let {
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
            .apply { init(Certificates.trusting(it)) }
    }
    return SSLContext.getInstance("TLS").apply {
        init(keys.keyManagers, trust?.trustManagers, null)
    }
}

/** A proxy that has the same [answer] for every CONNECT, and closes. */
internal fun refusingProxy(answer: String): TestProxy = TestProxy { client, _ ->
    requests += client.getInputStream().readHead()
    client.send(answer)
}
