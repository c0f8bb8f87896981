package dev.kobahn.internal.connection

import dev.kobahn.MessageWriter
import dev.kobahn.SendOptions
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.SegmentPool
import dev.kobahn.protocol.endpoint.Protocol
import dev.kobahn.protocol.extension.AgreedExtension
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.async

/** A [connection] of either role on a virtual loop, and its [peer], who speaks in frames. */
internal class ConnectionRig(
    role: Role,
    closeHandshakeTimeout: Duration = 1.seconds,
    dropTimeout: Duration = 2.seconds,
    writeTimeout: Duration = Duration.ZERO,
    failByDrop: Boolean = false,
    maxIncomingQueueSize: Long = 1000,
    maxOutgoingQueueSize: Long = 1000,
    maxMessagePayloadSize: Long = 1_000_000,
    echoCloseCodeReason: Boolean = false,
    handlerOnLoop: Boolean = true,
    capacity: Int = MemoryTransport.CAPACITY,
    autoPing: AutoPingConfig? = null,
    wireLog: WireLogConfig? = null,
    logsHandshake: Boolean = true,
    trackTimings: Boolean = false,
    autoFragmentSize: Int = 0,
    maxStreamedMessageSize: Long = maxMessagePayloadSize,
    extensions: List<AgreedExtension> = emptyList(),
    segments: SegmentPool = SegmentPool(8),
    budget: MemoryBudget? = null,
) {
    val loop = VirtualLoop(segments)
    private val ends = MemoryTransport.pair(loop, capacity = capacity)
    val transport: MemoryTransport = ends.first
    val peer = FramePeer(ends.second, masks = role == Role.SERVER)
    private val config = ConnectionConfig(
        protocol = ProtocolConfig(
            role,
            maxMessagePayloadSize = maxMessagePayloadSize,
            echoCloseCodeReason = echoCloseCodeReason,
        ),
        maxIncomingQueueSize = maxIncomingQueueSize,
        maxOutgoingQueueSize = maxOutgoingQueueSize,
        autoFragmentSize = autoFragmentSize,
        failByDrop = failByDrop,
        closeHandshakeTimeout = closeHandshakeTimeout,
        dropTimeout = dropTimeout,
        writeTimeout = writeTimeout,
        autoPing = autoPing,
        wireLog = wireLog,
        trackTimings = trackTimings,
        maxStreamedMessageSize = maxStreamedMessageSize,
    )
    private val logged = if (logsHandshake) transport.loggedBy(wireLog) else transport
    val connection = Connection(logged, config, { 0 }, handlerOnLoop, budget = budget)
    private val scope = CoroutineScope(SupervisorJob() + loop.dispatcher)

    init {
        logged.start(connection)
        connection.extend(extensions)
        connection.onOpened()
        peer.start()
        loop.run()
    }

    /** Starts [block] on the loop, runs what can be run, and returns the coroutine. */
    fun <T> begin(block: suspend Connection.() -> T): Deferred<T> =
        scope.async(start = CoroutineStart.UNDISPATCHED) { connection.block() }.also { loop.run() }

    /** As [begin], but runs nothing else. */
    fun <T> beginNow(block: suspend Connection.() -> T): Deferred<T> =
        scope.async(start = CoroutineStart.UNDISPATCHED) { connection.block() }

    /** As [begin], but on another thread until [block] suspends. */
    fun <T> beginElsewhere(block: suspend Connection.() -> T): Deferred<T> = loop.elsewhere {
        scope.async(start = CoroutineStart.UNDISPATCHED) { connection.block() }
    }.also { loop.run() }

    /** The peer sends [frames], all in one read. */
    fun receive(vararg frames: ByteArray) {
        peer.send(*frames)
        loop.run()
    }

    companion object {
        /** Longer than every timer of a rig. */
        val LONG = 10.seconds
    }
}

internal suspend fun Connection.send(type: MessageType, bytes: ByteArray) =
    outgoing.send(type, bytes)

internal suspend fun Connection.send(type: MessageType, bytes: ByteArray, fragmentSize: Int) =
    outgoing.send(type, bytes, SendOptions(fragmentSize = fragmentSize))

internal fun Connection.trySend(type: MessageType, bytes: ByteArray) =
    outgoing.trySend(type, bytes, SendOptions.DEFAULT)

internal suspend fun Connection.sendMessage(
    type: MessageType,
    block: suspend MessageWriter.() -> Unit,
) = outgoing.sendMessage(type, SendOptions.DEFAULT, block)

internal suspend fun Connection.sendRaw(untilWritten: Boolean, send: Protocol.() -> Unit) =
    outgoing.sendRaw(untilWritten, send)
