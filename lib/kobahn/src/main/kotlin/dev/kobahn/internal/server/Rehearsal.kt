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
 * Three connections of a server to itself, before it listens: one that is closed, one that its peer
 * leaves, one that is given up for want of memory. The JVM loads and links what runs for the first
 * time, which takes memory and descriptors: where these have run out, the code that gives some back
 * could else not run any more.
 */
internal class Rehearsal private constructor(private val loops: EventLoopGroup.Lease) {
    private val loop = loops.next()
    private val job = SupervisorJob()
    private val options = WebSocketServerOptions().apply {
        onConnect { for (message in incoming) send(message) }
    }
    private val context = ServerContext(options, CoroutineScope(job))
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

    /** Asks for a WebSocket, sends a message, and when that comes back does [leave]. */
    private class Peer(
        private val transport: SocketTransport,
        private val leave: (SocketTransport) -> Unit,
    ) : TransportListener {
        private val script = ArrayDeque(listOf({ transport.send(HELLO) }, { leave(transport) }))

        fun start() {
            transport.start(this)
            transport.send(REQUEST)
        }

        override fun onOctets(input: ByteBuffer) {
            input.position(input.limit())
            script.removeFirstOrNull()?.invoke()
        }

        override fun onInputEnd() = transport.close()

        override fun onWritten(waiting: Long) = Unit

        override fun onClosed(cause: IOException?) = Unit
    }

    companion object {
        private val isDone = AtomicBoolean()
        private val PATIENCE = 3.seconds
        private val REQUEST = (
            "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            ).encodeToByteArray()

        // Masked with zeros.
        private val HELLO = byteArrayOf(0x81.toByte(), 0x82.toByte(), 0, 0, 0, 0, 0x68, 0x69)
        private val UNFINISHED = byteArrayOf(0x82.toByte(), 0xFE.toByte(), 0x7F, 0, 0, 0, 0, 0, 1)
        private val CLOSE = byteArrayOf(0x88.toByte(), 0x80.toByte(), 0, 0, 0, 0)

        /** Has the first server of the process do it, on [loops], if that is possible here. */
        suspend fun once(loops: EventLoopGroup.Lease) {
            if (isDone.compareAndSet(false, true)) attempt(loops)
        }

        /** Does it, and only logs what it fails with: whoever asked for it goes on without. */
        suspend fun attempt(loops: EventLoopGroup.Lease) {
            try {
                val rehearsal = Rehearsal(loops)
                withContext(rehearsal.loop.dispatcher) {
                    withTimeoutOrNull(PATIENCE) { rehearsal.play() }
                }
            } catch (failure: Throwable) {
                coroutineContext.ensureActive()
                connectionLogger.debug(failure) { "no connection from this process to itself" }
            }
        }

        private fun SocketTransport.send(octets: ByteArray) {
            synchronized(output) { output.append(octets) }
            flush()
        }
    }
}
