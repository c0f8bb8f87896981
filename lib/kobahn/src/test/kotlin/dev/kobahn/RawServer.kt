package dev.kobahn

import dev.kobahn.protocol.handshake.AcceptKey
import java.io.Closeable
import java.net.InetAddress
import java.net.ServerSocket
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout

/** A listening socket of which nothing is the library's. */
internal class RawServer : Closeable {
    private val socket = ServerSocket(0, 50, InetAddress.getByName("localhost"))
        .apply { soTimeout = RawPeer.PATIENCE_MILLIS }
    val url = "ws://localhost:${socket.localPort}/"

    fun accept() = RawPeer(socket.accept())

    override fun close() = socket.close()
}

/**
 * Accepts the WebSocket asked for, with further [fields] in the answer; what comes [together] is in
 * the same write.
 */
internal fun RawPeer.open(together: ByteArray = ByteArray(0), vararg fields: String): RawPeer {
    val key = readHead().lines().first { it.startsWith("Sec-WebSocket-Key:", ignoreCase = true) }
        .substringAfter(':').trim()
    val head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        fields.joinToString("") { "$it\r\n" } +
        "Sec-WebSocket-Accept: ${AcceptKey.of(key)}\r\n\r\n"
    return send(head.encodeToByteArray() + together)
}

/** Runs [client] against [server]; both have ended afterwards. */
internal suspend fun <T> against(
    server: (RawPeer) -> Unit,
    client: suspend (url: String) -> T,
): T = coroutineScope {
    RawServer().use { raw ->
        val serving = launch(Dispatchers.IO) { raw.accept().use(server) }
        val result = withTimeout(20.seconds) { client(raw.url) }
        serving.join()
        result
    }
}
