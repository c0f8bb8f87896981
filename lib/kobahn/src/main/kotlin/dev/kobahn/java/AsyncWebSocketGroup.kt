package dev.kobahn.java

import dev.kobahn.Message
import dev.kobahn.PreparedMessage
import dev.kobahn.SlowConsumer
import dev.kobahn.WebSocketGroup
import dev.kobahn.internal.group.Group
import dev.kobahn.internal.java.FutureCalls
import dev.kobahn.internal.java.RealAsyncWebSocket
import dev.kobahn.protocol.CloseCode
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toDuration
import kotlin.time.toDurationUnit
import kotlin.time.toKotlinDuration

/**
 * Connections that are spoken to together, for Java; see [WebSocketGroup]. A listener adds its
 * connection in `onOpen`; it leaves by itself when it ends. Thread-safe, and nothing blocks.
 */
public class AsyncWebSocketGroup
@JvmOverloads
constructor(
    private val slowConsumer: SlowConsumer = SlowConsumer.Disconnect(),
) {
    private val group = Group<AsyncWebSocket>(slowConsumer)
    private val calls = FutureCalls()

    /** What becomes of members that take their messages too slowly. */
    public fun slowConsumer(): SlowConsumer = slowConsumer

    /** How many members there are. */
    public fun size(): Int = group.size

    /** Those who are members at this moment; the list does not change. */
    public fun members(): List<AsyncWebSocket> = group.members

    /**
     * How many messages were dropped because members were too slow, over all members there ever
     * were.
     */
    public fun droppedMessages(): Long = group.droppedMessages

    /** Whether [webSocket] is a member. */
    public fun contains(webSocket: AsyncWebSocket): Boolean = webSocket in group

    /**
     * Makes [webSocket] a member until it ends or is removed; one that has ended leaves at once.
     * False if it was one.
     *
     * @throws IllegalArgumentException if [webSocket] was not made by this library
     */
    public fun add(webSocket: AsyncWebSocket): Boolean {
        require(webSocket is RealAsyncWebSocket) { "$webSocket is no connection of this library" }
        return group.add(webSocket, webSocket.webSocket)
    }

    /**
     * Ends the membership of [webSocket]; the connection goes on. What waits for it is not sent.
     * False if it was no member.
     */
    public fun remove(webSocket: AsyncWebSocket): Boolean = group.remove(webSocket)

    /**
     * Sends [message] to all members that are open; the future gives how many it was handed to. A
     * member that
     * fails affects no other. It completes at once, except with [SlowConsumer.Suspend]: then when
     * all members have room. It fails with `PayloadExceededException` if [message] is longer than
     * the `maxMessagePayloadSize` of a member, once the others have got it.
     */
    public fun broadcast(message: PreparedMessage): CompletableFuture<Int> =
        calls.future { group.broadcast(message) }

    /** Sends [message] to all members; as `broadcast(message)`. */
    public fun broadcast(message: Message): CompletableFuture<Int> =
        broadcast(PreparedMessage(message))

    /** Sends [text] to all members; as `broadcast(message)`. */
    public fun broadcast(text: String): CompletableFuture<Int> = broadcast(PreparedMessage(text))

    /** Sends [octets], which are handed over, to all members; as `broadcast(message)`. */
    public fun broadcast(octets: ByteArray): CompletableFuture<Int> =
        broadcast(PreparedMessage(octets))

    /** Closes all members with 1001 and gives them 10 seconds; as `closeAll(code, …)`. */
    public fun closeAll(): CompletableFuture<Void?> =
        closeAll(CloseCode.GOING_AWAY, "", DEFAULT_TIMEOUT)

    /**
     * Closes all members with [code] and [reason], all at once; the future completes when they have
     * ended. Those that have not when [timeout] is over are dropped. The group stays as usable as
     * before. The future fails with [IllegalArgumentException] if [code] must not be sent.
     */
    public fun closeAll(
        code: Int,
        reason: String,
        timeout: Long,
        unit: TimeUnit,
    ): CompletableFuture<Void?> = closeAll(code, reason, timeout.toDuration(unit.toDurationUnit()))

    /** As `closeAll(code, reason, timeout, unit)`; not below Android API 26. */
    @UsesJavaTime
    public fun closeAll(
        code: Int,
        reason: String,
        timeout: java.time.Duration,
    ): CompletableFuture<Void?> = closeAll(code, reason, timeout.toKotlinDuration())

    private fun closeAll(code: Int, reason: String, timeout: Duration) =
        calls.completion { group.closeAll(code, reason, timeout) }

    private companion object {
        val DEFAULT_TIMEOUT = 10.seconds
    }
}
