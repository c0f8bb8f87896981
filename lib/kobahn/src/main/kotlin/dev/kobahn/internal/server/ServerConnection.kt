package dev.kobahn.internal.server

import dev.kobahn.CloseStatus.Initiator
import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.TransportListener
import dev.kobahn.internal.connection.guarded
import java.io.IOException
import java.nio.ByteBuffer
import kotlinx.coroutines.Job

/**
 * A connection of a server from its first byte to its last. The events of the transport go to the
 * [handshake], and once that has opened the WebSocket, to the connection of the [webSocket].
 * Belongs to the loop, except where a member says otherwise.
 *
 * @param place the place it takes of the server's, or null if it will be refused
 * @param handover the request, if a host has read it, or null
 * @param onEnd is called once, when the transport has ended
 */
internal class ServerConnection(
    val transport: Transport,
    val context: ServerContext,
    place: Place? = Place.CONNECTION,
    handover: Handover? = null,
    private val onEnd: (ServerConnection) -> Unit,
) : TransportListener {
    /** The place it takes of the server's, or null if it has none, or none any more. */
    var place: Place? = place
        private set

    /** The opening handshake, or null once the WebSocket is open. From any thread. */
    @Volatile
    var handshake: ServerOpeningHandshake? = ServerOpeningHandshake(this, handover)
        private set

    /** The WebSocket, once its request was found valid. From any thread. */
    @Volatile
    var webSocket: RealServerWebSocket? = null

    /** The coroutine that decides about the request. */
    private var handler: Job? = null

    /** Whether [onEnd] was called, or is about to be. */
    private var hasEnded = false

    // The neighbours in [ServerConnections].
    var previous: ServerConnection? = null
    var next: ServerConnection? = null

    /** Whether the WebSocket is open, or was before its end. From any thread. */
    val isOpen: Boolean get() = handshake == null

    private val receiver: TransportListener get() = handshake ?: webSocket!!.connection

    /** Begins to read. From here on the end of the transport ends the connection. */
    fun start() {
        transport.start(this)
        handshake?.start()
    }

    /** The handshake has opened the WebSocket. An idle connection keeps nothing of it. */
    fun onOpen() {
        handshake = null
    }

    /** Gives the place back, if it has one. */
    fun leavePlace() {
        context.places.giveBack(place)
        place = null
    }

    /** The coroutine [job], which decides about the request, is about to run. */
    fun begin(job: Job) {
        context.handlers.began()
        handler = job
    }

    override fun onBytes(input: ByteBuffer) = receiver.onBytes(input)

    override fun onInputEnd() = receiver.onInputEnd()

    override fun onWritten(waiting: Long) = receiver.onWritten(waiting)

    override fun onHeldMemory() = receiver.onHeldMemory()

    override fun forget() = receiver.forget()

    override fun onClosed(cause: IOException?) {
        val isRepeated = hasEnded
        hasEnded = true
        try {
            receiver.onClosed(cause)
        } finally {
            if (!isRepeated) ended()
        }
    }

    private fun ended() {
        try {
            handler?.let { context.handlers.linger(it, this, transport.loop.nanoTime()) }
        } finally {
            onEnd(this)
        }
    }

    /** Answers 503 if the request is not answered yet, or closes in the midst of a TLS handshake. */
    fun refuse(reason: () -> String) {
        handshake?.refuse(reason = reason)
    }

    /** Answers 503, as the server stops, if the request is not answered yet. From any thread. */
    fun refusePending() = onLoop(::refuseAtStop)

    private fun refuseAtStop() = refuse { "the server stops" }

    /** Begins to close with [code], or answers 503, as the server stops. From any thread. */
    fun shutDown(code: Int) = onLoop {
        if (isOpen) webSocket!!.connection.beginClose(code, "") else refuseAtStop()
    }

    private fun onLoop(action: () -> Unit) = transport.loop.execute { transport.guarded(action) }

    /** Ends the connection at once: the server has stopped. From any thread. */
    fun drop() {
        // Not by the loop, which may be blocked.
        webSocket?.connection?.takeUnless { it.isClosed }?.closing
            ?.blame(Initiator.LOCAL, IOException("the server stopped"))
        transport.close()
    }

    override fun toString(): String = webSocket?.toString() ?: transport.peer
}

/**
 * The connections of a server, in no order. They form a chain, which costs each connection two
 * fields and no object. Thread-safe.
 */
internal class ServerConnections {
    private var first: ServerConnection? = null

    val isEmpty: Boolean @Synchronized get() = first == null

    @Synchronized
    fun add(connection: ServerConnection) {
        connection.next = first
        first?.previous = connection
        first = connection
    }

    /** Removes [connection], which must be in the chain. */
    @Synchronized
    fun remove(connection: ServerConnection) {
        val previous = connection.previous
        val next = connection.next
        if (previous == null) first = next else previous.next = next
        next?.previous = previous
        connection.previous = null
        connection.next = null
    }

    @Synchronized
    fun toList(): List<ServerConnection> = generateSequence(first) { it.next }.toList()
}
