package dev.kobahn.internal.server

import dev.kobahn.RawPeer
import dev.kobahn.WebSocketServer
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.internal.transport.EventLoopGroup
import dev.kobahn.webSocketServer
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.matchers.shouldBe
import java.util.concurrent.CountDownLatch
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

/** A deadline that passes. */
internal val DEADLINE: Duration = 200.milliseconds

/** A deadline that does not pass. */
internal val LONG: Duration = 60.seconds

/** The time that a test has for a step. */
internal val PATIENCE: Duration = 10.seconds

internal suspend fun started(configure: WebSocketServerOptions.() -> Unit): WebSocketServer =
    webSocketServer(configure = configure).also { it.start() }

internal suspend fun startedOn(
    loops: EventLoopGroup,
    configure: WebSocketServerOptions.() -> Unit,
): WebSocketServer {
    val options = WebSocketServerOptions().apply(configure)
    return RealWebSocketServer(options, null, loops).also { it.start() }
}

/** Returns a peer with an open connection. */
internal fun WebSocketServer.open(): RawPeer = RawPeer(port).also { it.handshake() }

/** Waits until the server has ended. */
internal suspend fun WebSocketServer.awaitEnd() = withTimeout(PATIENCE) { join() }

/** A server whose own callbacks call [stop]. */
internal class SelfStopping {
    private val server = CompletableDeferred<WebSocketServer>()
    private val counts = Channel<Int>(Channel.UNLIMITED)

    suspend fun start(configure: WebSocketServerOptions.() -> Unit): WebSocketServer =
        started(configure).also(server::complete)

    suspend fun stop(deadline: Duration = LONG) {
        val server = server.await()
        server.stop(deadline = deadline)
        counts.trySend(server.connectionCount)
    }

    /** Waits for a [stop] to return. Returns the connections that the server had then. */
    suspend fun awaitReturn(): Int = withTimeout(PATIENCE) { counts.receive() }

    /** Waits until the server has ended. */
    suspend fun awaitEnd() = server.await().awaitEnd()
}

/** A handler that goes on until it is released, even if it is cancelled. */
internal class Stubborn {
    private val begun = CompletableDeferred<Unit>()
    private val released = CompletableDeferred<Unit>()

    suspend fun run() = withContext(NonCancellable) {
        begun.complete(Unit)
        released.await()
    }

    suspend fun awaitBegin() = begun.await()

    fun release() {
        released.complete(Unit)
    }
}

/** A handler that blocks its thread until it is released. */
internal class Blocker {
    private val begun = CompletableDeferred<Unit>()
    private val released = CountDownLatch(1)

    fun run() {
        begun.complete(Unit)
        released.await()
    }

    suspend fun awaitBegin() = begun.await()

    fun release() = released.countDown()
}

/**
 * Four connections to a server of two loops, each of which gets the name of its loop and blocks it
 * when the peer sends a message.
 */
internal class FourOnTwoLoops private constructor(
    private val peers: List<RawPeer>,
    private val blocker: Blocker,
) {
    /** Blocks the loop of connection [number]. Returns the peers of the other loop. */
    suspend fun block(number: Int): List<RawPeer> {
        val names = peers.map { it.readFrame() }
        names.distinct().size shouldBe 2
        peers[number].send(RawPeer.text("block"))
        blocker.awaitBegin()
        return peers.filterIndexed { index, _ -> names[index] != names[number] }
    }

    /** Lets the loop go on, and closes all. */
    fun release() {
        blocker.release()
        peers.forEach(RawPeer::close)
    }

    companion object {
        /** Calls [test] with connections to [server], whose handlers run [blocker]. */
        suspend fun connected(
            server: WebSocketServer,
            blocker: Blocker,
            test: suspend (FourOnTwoLoops) -> Unit,
        ) {
            val four = FourOnTwoLoops(List(4) { server.open() }, blocker)
            try {
                test(four)
            } finally {
                four.release()
            }
        }
    }
}

/** A connection that a server has accepted, and whose loop is held up before it takes it over. */
internal class LateConnection private constructor(
    val server: WebSocketServer,
    private val release: () -> Unit,
    private val neighbours: List<RawPeer>,
    private val late: RawPeer,
) {
    /** The connection of the other loop. */
    val first: RawPeer get() = neighbours.first()

    /** Closes the connections of the other loop. */
    fun closeOthers() = neighbours.forEach(RawPeer::close)

    /** Lets the loop go on. Returns all that the late peer reads. */
    fun takeOver(): String {
        release()
        return late.readAll()
    }

    companion object {
        /** Calls [test] with a server on two loops of this [name]. */
        suspend fun of(
            name: String,
            configure: WebSocketServerOptions.() -> Unit,
            first: (WebSocketServer) -> RawPeer,
            test: suspend (LateConnection) -> Unit,
        ) {
            val group = EventLoopGroup(name, 2)
            val lease = group.acquire()
            val server = startedOn(group, configure)
            // Loops are handed out in turn: this one accepts no connections, the next one does.
            val heldUp = lease.next()
            val release = CountDownLatch(1)
            try {
                heldUp.execute { release.await() }
                val neighbour = first(server)
                RawPeer(server.port).use { late ->
                    // When the third is accepted, the second was accepted too.
                    val third = RawPeer(server.port)
                    eventually(PATIENCE) { server.connectionCount shouldBe 2 }
                    test(LateConnection(server, release::countDown, listOf(neighbour, third), late))
                }
            } finally {
                release.countDown()
                lease.release()
            }
        }
    }
}
