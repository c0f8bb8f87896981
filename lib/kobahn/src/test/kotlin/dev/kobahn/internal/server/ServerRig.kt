package dev.kobahn.internal.server

import dev.kobahn.WebSocketServerOptions
import dev.kobahn.internal.connection.MemoryTransport
import dev.kobahn.internal.connection.TransportListener
import dev.kobahn.internal.connection.VirtualLoop
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob

/** Returns the context of a server with these [options]. The server itself does not run. */
internal fun serverContext(options: WebSocketServerOptions, scope: CoroutineScope) =
    ServerContext(options, scope, RealWebSocketServer(options, parent = null))

/** A connection of a server from its first byte on, on a virtual loop, with its peer. */
internal class ServerRig private constructor(
    val loop: VirtualLoop,
    val context: ServerContext,
    capacity: Int,
) {
    constructor(
        capacity: Int = MemoryTransport.CAPACITY,
        context: CoroutineContext = EmptyCoroutineContext,
        configure: WebSocketServerOptions.() -> Unit,
    ) : this(VirtualLoop(), capacity, context, configure)

    private constructor(
        loop: VirtualLoop,
        capacity: Int,
        context: CoroutineContext,
        configure: WebSocketServerOptions.() -> Unit,
    ) : this(
        loop,
        serverContext(
            WebSocketServerOptions().apply(configure),
            CoroutineScope(SupervisorJob() + loop.dispatcher + context),
        ),
        capacity,
    )

    private val ends = MemoryTransport.pair(loop, capacity = capacity)

    /** What came from the server, as ISO-8859-1. */
    val answer = StringBuilder()

    /** Whether the connection is gone. */
    var ended = false
        private set

    init {
        ServerConnection(ends.first, context) { ended = true }.start()
        ends.second.start(Peer())
        loop.run()
    }

    /** Another connection of the same server. */
    fun another() = ServerRig(loop, context, MemoryTransport.CAPACITY)

    /** The peer sends [text]. */
    fun receive(text: String) = receive(text.encodeToByteArray())

    /** The peer sends [bytes]. */
    fun receive(bytes: ByteArray) {
        synchronized(ends.second.output) { ends.second.output.append(bytes) }
        ends.second.flush()
        loop.run()
    }

    /** The peer takes nothing any more, but what [takeOnce] takes. */
    fun stopReading() = ends.second.pauseReading()

    /** The peer takes what is on the way. */
    fun takeOnce() {
        ends.second.readOnce()
        loop.run()
    }

    /** The peer ends its direction. */
    fun endInput() {
        ends.second.shutdownOutput()
        loop.run()
    }

    /** The network fails. */
    fun vanish() {
        ends.second.vanish()
        loop.run()
    }

    private inner class Peer : TransportListener {
        override fun onBytes(input: ByteBuffer) {
            while (input.hasRemaining()) answer.append(Char(input.get().toInt() and 0xFF))
        }

        override fun onInputEnd() = Unit

        override fun onWritten(waiting: Long) = Unit

        override fun onClosed(cause: IOException?) = Unit
    }

    companion object {
        const val REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n" +
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    }
}
