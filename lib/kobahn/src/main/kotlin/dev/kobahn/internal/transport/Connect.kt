package dev.kobahn.internal.transport

import io.ktor.network.selector.Selectable
import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.Socket
import io.ktor.network.sockets.aSocket
import java.io.IOException
import java.nio.channels.SocketChannel
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.selects.onTimeout
import kotlinx.coroutines.selects.select
import kotlinx.coroutines.withContext

/**
 * Options of a connection's socket.
 *
 * @property tcpNoDelay whether short writes leave at once (Nagle's algorithm off)
 * @property tcpKeepAlive whether the system probes an idle connection; null keeps its default
 * @property receiveBufferSize the system's receive buffer in bytes; null keeps its default
 * @property sendBufferSize the system's send buffer in bytes; null keeps its default
 */
internal data class SocketSettings(
    val tcpNoDelay: Boolean = true,
    val tcpKeepAlive: Boolean? = null,
    val receiveBufferSize: Int? = null,
    val sendBufferSize: Int? = null,
)

/**
 * Connects to the first of [addresses] that answers, see [firstToSucceed], and returns a transport on
 * [loop] that is not started yet. If all fail, throws the last IOException, with the earlier ones
 * suppressed in it; each names its address. Leaves no socket behind if it is cancelled or times out.
 *
 * @param failures receives each IOException when it occurs
 * @param limit the time that is left to connect, of which each address gets its share; zero is no
 * limit
 */
internal suspend fun connect(
    addresses: List<EndpointAddress>,
    loop: EventLoop,
    settings: SocketSettings = SocketSettings(),
    failures: MutableList<IOException> = ArrayList(1),
    limit: Duration = Duration.ZERO,
): SocketTransport {
    var transport: SocketTransport? = null
    try {
        return withContext(loop.dispatcher) {
            val headStart = headStart(limit, addresses.size)
            firstToSucceed(addresses, failures, SocketTransport::close, headStart) { address ->
                address.named(phase(address)) { transportOver(open(address, loop, settings), loop) }
            }.also { transport = it }
        }
    } catch (failure: Throwable) {
        // Cancelled on the way back to the caller, which does not get the transport.
        transport?.close()
        throw failure
    }
}

/**
 * Returns the time after which the next of [count] addresses is tried: usually 250 ms, but so short
 * that all of them are tried within [limit].
 */
internal fun headStart(limit: Duration, count: Int): Duration {
    if (limit <= Duration.ZERO || count < 2) return HEAD_START
    return (limit / (count + 1)).coerceIn(MIN_HEAD_START, HEAD_START)
}

/** RFC 8305 section 5: 250 ms is recommended, and less than 10 ms forbidden. */
private val HEAD_START: Duration = 250.milliseconds
private val MIN_HEAD_START: Duration = 10.milliseconds

/** Returns the phase of opening in which [address] is connected to, for messages. */
private fun phase(address: EndpointAddress) =
    if (address.address is InetSocketAddress) "TCP: " else "Unix socket: "

/** Connects to an address of [endpoint]. */
internal suspend fun connect(
    endpoint: Endpoint,
    loop: EventLoop,
    settings: SocketSettings = SocketSettings(),
): SocketTransport = connect(endpoint.resolve(), loop, settings)

private suspend fun open(
    address: EndpointAddress,
    loop: EventLoop,
    settings: SocketSettings,
): Socket = aSocket(loop.selectorManager).tcp().connect(address.address) {
    if (address.address is InetSocketAddress) {
        noDelay = settings.tcpNoDelay
        keepAlive = settings.tcpKeepAlive
    }
    settings.receiveBufferSize?.let { receiveBufferSize = it }
    settings.sendBufferSize?.let { sendBufferSize = it }
}

/** Returns a transport over [socket], or closes the socket and throws. On [loop]. */
internal fun transportOver(socket: Socket, loop: EventLoop): SocketTransport {
    val channel = socket.channel
    try {
        return SocketTransport(channel, loop)
    } catch (failure: Throwable) {
        channel.close()
        throw failure
    }
}

/**
 * The channel under Ktor's socket. Closing the channel is enough: Ktor's socket holds nothing else
 * until Ktor reads or writes, and its own `close` would take the way over another thread.
 */
internal val Socket.channel: SocketChannel get() = (this as Selectable).channel as SocketChannel

/**
 * Calls [attempt] for [targets] in order. Starts the next attempt when one has failed, or when the
 * last has taken [headStart] (RFC 8305 section 5), so that a target that never answers costs no more than
 * that. Returns the result of the first attempt that succeeds, cancels the others, and passes results
 * that they return nevertheless to [discard]. If all fail, throws the last IOException, with the
 * earlier ones suppressed in it.
 *
 * @param failures receives each IOException when it occurs, behind those that it has already
 */
internal suspend fun <A, T : Any> firstToSucceed(
    targets: List<A>,
    failures: MutableList<IOException>,
    discard: (T) -> Unit,
    headStart: Duration = HEAD_START,
    attempt: suspend (A) -> T,
): T {
    val race = Race(targets, failures, discard, headStart, attempt)
    try {
        return coroutineScope { race.run(this) }
    } catch (failure: Throwable) {
        // Cancelled on the way back to the caller, which does not get the result.
        race.winner?.let(discard)
        throw failure
    }
}

private class Race<A, T : Any>(
    private val targets: List<A>,
    private val allFailures: MutableList<IOException>,
    private val discard: (T) -> Unit,
    private val headStart: Duration,
    private val attempt: suspend (A) -> T,
) {
    private val attempts = ArrayList<Job>()

    /** The failures of this race: the caller's list may have those of earlier ones. */
    private val failures = ArrayList<IOException>(0)
    private val outcomes =
        Channel<Result<T>>(Channel.UNLIMITED, onUndeliveredElement = { it.onSuccess(discard) })

    var winner: T? = null
        private set

    suspend fun run(scope: CoroutineScope): T {
        try {
            while (true) {
                if (attempts.size < targets.size) scope.start(targets[attempts.size])
                val outcome = outcome() ?: continue
                outcome.onSuccess { return it.also { winner = it } }
                failed(outcome.exceptionOrNull())
            }
        } finally {
            attempts.forEach { it.cancel() }
            withContext(NonCancellable) { attempts.joinAll() }
            outcomes.cancel()
        }
    }

    private fun CoroutineScope.start(target: A) {
        attempts += launch { outcomes.trySend(runCatching { attempt(target) }) }
    }

    /** Returns the outcome of the next attempt that ends, or null if it is time to start another. */
    @OptIn(ExperimentalCoroutinesApi::class)
    private suspend fun outcome(): Result<T>? = select {
        outcomes.onReceive { it }
        if (attempts.size < targets.size) onTimeout(headStart) { null }
    }

    private fun failed(failure: Throwable?) {
        if (failure !is IOException) throw checkNotNull(failure)
        failures.add(failure)
        allFailures.add(failure)
        if (failures.size == targets.size) throw joined(failures)
    }
}

/** Returns the last of [failures], with the earlier ones suppressed in it. */
internal fun joined(failures: List<IOException>): IOException =
    failures.last().also { failures.dropLast(1).forEach(it::addSuppressed) }
