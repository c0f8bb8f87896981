package dev.kobahn.internal.server

import dev.kobahn.WebSocketServerOptions
import dev.kobahn.internal.connection.TransportListener
import dev.kobahn.internal.connection.connectionLogger
import dev.kobahn.internal.transport.Acceptor
import dev.kobahn.internal.transport.Endpoint
import dev.kobahn.internal.transport.EventLoopGroup
import dev.kobahn.internal.transport.SocketTransport
import dev.kobahn.internal.transport.connect
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/**
 * Connects a server to itself before it listens, and ends these connections in three ways: the peer
 * closes, the peer goes away, memory is short. The JVM loads code when it first runs, which takes
 * memory and file descriptors. Without the rehearsal the code that frees some of them could not run
 * when there are none left.
 */
internal class Rehearsal private constructor(private val loops: EventLoopGroup.Lease) {
    private val loop = loops.next()
    private val job = SupervisorJob()
    private val options = WebSocketServerOptions().apply {
        onConnect { for (message in incoming) send(message) }
    }
    private val context =
        ServerContext(options, CoroutineScope(job), RealWebSocketServer(options, job))
    private val here = Endpoint.Tcp("127.0.0.1", 0)
    private var served: SocketTransport? = null
    private lateinit var ended: CompletableDeferred<Unit>

    private suspend fun play() {
        val acceptor = Acceptor.bind(here, loops) {
            served = it
            ServerConnection(it, context) { ended.complete(Unit) }.start()
        }
        val accepting = acceptor.start(context.scope)
        try {
            for (leave in listOf(::closed, ::left, ::givenUp)) {
                ended = CompletableDeferred()
                val transport = connect(here.copy(port = acceptor.port), loop)
                try {
                    withContext(loop.dispatcher) { Peer(transport, leave).start() }
                    ended.await()
                } finally {
                    transport.close()
                }
            }
        } finally {
            withContext(NonCancellable) { accepting.cancelAndJoin() }
            served?.close()
            job.cancel()
        }
    }

    private fun closed(transport: SocketTransport) = transport.send(CLOSE)

    private fun left(transport: SocketTransport) {
        transport.send(UNFINISHED)
        transport.shutdownOutput()
    }

    private fun givenUp(transport: SocketTransport) {
        transport.send(UNFINISHED)
        served?.let { it.loop.execute { it.giveUp(OutOfMemoryError()) } }
    }

    /** Opens a WebSocket, sends a message, and calls [leave] when the message comes back. */
    private class Peer(
        private val transport: SocketTransport,
        private val leave: (SocketTransport) -> Unit,
    ) : TransportListener {
        private val script = ArrayDeque(listOf({ transport.send(HELLO) }, { leave(transport) }))

        fun start() {
            transport.start(this)
            transport.send(REQUEST)
        }

        override fun onBytes(input: ByteBuffer) {
            input.position(input.limit())
            script.removeFirstOrNull()?.invoke()
        }

        override fun onInputEnd() = transport.close()

        override fun onWritten(waiting: Long) = Unit

        override fun onClosed(cause: IOException?) = Unit
    }

    companion object {
        private val isDone = AtomicBoolean()
        private val TIMEOUT = 3.seconds
        private val REQUEST = (
            "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            ).encodeToByteArray()

        // Frames of a client, masked with zeros.
        private val HELLO = byteArrayOf(0x81.toByte(), 0x82.toByte(), 0, 0, 0, 0, 0x68, 0x69)
        private val UNFINISHED = byteArrayOf(0x82.toByte(), 0xFE.toByte(), 0x7F, 0, 0, 0, 0, 0, 1)
        private val CLOSE = byteArrayOf(0x88.toByte(), 0x80.toByte(), 0, 0, 0, 0)

        /** Rehearses on [loops] if no server of this process has done so. */
        suspend fun once(loops: EventLoopGroup.Lease) {
            if (isDone.compareAndSet(false, true)) attempt(loops)
        }

        /** Rehearses on [loops]. A failure is only logged: a server works without it. */
        suspend fun attempt(loops: EventLoopGroup.Lease) {
            try {
                val rehearsal = Rehearsal(loops)
                withContext(rehearsal.loop.dispatcher) {
                    withTimeoutOrNull(TIMEOUT) { rehearsal.play() }
                }
            } catch (failure: Throwable) {
                coroutineContext.ensureActive()
                connectionLogger.debug(failure) { "no connection from this process to itself" }
            }
        }

        private fun SocketTransport.send(bytes: ByteArray) {
            synchronized(output) { output.append(bytes) }
            flush()
        }
    }
}
