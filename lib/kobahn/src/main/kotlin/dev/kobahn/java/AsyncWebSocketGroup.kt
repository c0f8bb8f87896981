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
 * A group of connections that get the same messages, for Java; see [WebSocketGroup]. A listener
 * adds its connection in `onOpen`; the connection leaves the group when it ends. Thread-safe; no
 * method blocks.
 */
public class AsyncWebSocketGroup
@JvmOverloads
constructor(
    private val slowConsumer: SlowConsumer = SlowConsumer.Disconnect(),
) {
    private val group = Group<AsyncWebSocket>(slowConsumer)
    private val calls = FutureCalls()

    /** Returns the policy for members that take their messages too slowly. */
    public fun slowConsumer(): SlowConsumer = slowConsumer

    /** Returns the number of members. */
    public fun size(): Int = group.size

    /** Returns the current members. The list is a snapshot. */
    public fun members(): List<AsyncWebSocket> = group.members

    /**
     * Returns the number of messages dropped because members were too slow, former members
     * included.
     */
    public fun droppedMessages(): Long = group.droppedMessages

    /** Returns whether [webSocket] is a member. */
    public fun contains(webSocket: AsyncWebSocket): Boolean = webSocket in group

    /**
     * Adds [webSocket] until it ends or is removed; a connection that has ended leaves at once.
     * Returns false if it was a member already.
     *
     * @throws IllegalArgumentException if [webSocket] is not an object of this library
     */
    public fun add(webSocket: AsyncWebSocket): Boolean {
        require(webSocket is RealAsyncWebSocket) { "$webSocket is no connection of this library" }
        return group.add(webSocket, webSocket.webSocket)
    }

    /**
     * Removes [webSocket]. The connection stays open, but its queued messages are not sent. Returns
     * false if it was not a member.
     */
    public fun remove(webSocket: AsyncWebSocket): Boolean = group.remove(webSocket)

    /**
     * Sends [message] to all members that are open. The future completes with the number of members
     * it was handed to: at once, except with [SlowConsumer.Suspend], which waits until all members
     * have room. A member that fails does not affect the others. The future fails with
     * `PayloadExceededException` if [message] is longer than the `maxMessagePayloadSize` of a
     * member, after the others have got it.
     */
    public fun broadcast(message: PreparedMessage): CompletableFuture<Int> =
        calls.future { group.broadcast(message) }

    /** Sends [message] to all members. Otherwise like `broadcast(message)`. */
    public fun broadcast(message: Message): CompletableFuture<Int> =
        broadcast(PreparedMessage(message))

    /** Sends [text] to all members. Otherwise like `broadcast(message)`. */
    public fun broadcast(text: String): CompletableFuture<Int> = broadcast(PreparedMessage(text))

    /**
     * Sends [bytes], which are not copied, to all members. Otherwise like `broadcast(message)`.
     */
    public fun broadcast(bytes: ByteArray): CompletableFuture<Int> =
        broadcast(PreparedMessage(bytes))

    /**
     * Closes all members with 1001 and a timeout of 10 seconds. Otherwise like `closeAll(code, …)`.
     */
    public fun closeAll(): CompletableFuture<Void?> =
        closeAll(CloseCode.GOING_AWAY, "", DEFAULT_TIMEOUT)

    /**
     * Closes all members at once with [code] and [reason]. The future completes when they have
     * ended. Members that have not ended when [timeout] is over are dropped. The group stays
     * usable. The future fails with [IllegalArgumentException] if [code] must not be sent.
     */
    public fun closeAll(
        code: Int,
        reason: String,
        timeout: Long,
        unit: TimeUnit,
    ): CompletableFuture<Void?> = closeAll(code, reason, timeout.toDuration(unit.toDurationUnit()))

    /**
     * Closes all members with a timeout as a `java.time.Duration`; not below Android API 26.
     * Otherwise like `closeAll(code, reason, timeout, unit)`.
     */
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
