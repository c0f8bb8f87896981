package dev.kobahn

import dev.kobahn.internal.group.Group
import dev.kobahn.protocol.CloseCode
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * A group of connections that get the same messages: a room, or the subscribers of a topic. A
 * connection may be in any number of groups and leaves them when it ends. Thread-safe. ws4py:
 * `WebSocketManager`.
 *
 * ```
 * val room = WebSocketGroup(SlowConsumer.DropOldest())
 * webSocketServer {
 *     onConnect { room.join(this) { for (message in incoming) room.broadcast(message) } }
 * }
 * ```
 *
 * @param slowConsumer the policy for members that take their messages too slowly
 */
public class WebSocketGroup
@JvmOverloads
constructor(
    /** The policy for members that take their messages too slowly. */
    public val slowConsumer: SlowConsumer = SlowConsumer.Disconnect(),
) {
    private val group = Group<WebSocket>(slowConsumer)

    /** The number of members. */
    public val size: Int get() = group.size

    /** The current members. The list is a snapshot. */
    public val members: List<WebSocket> get() = group.members

    /** The number of messages dropped because members were too slow, former members included. */
    public val droppedMessages: Long get() = group.droppedMessages

    /** Returns whether [webSocket] is a member. */
    public operator fun contains(webSocket: WebSocket): Boolean = webSocket in group

    /**
     * Adds [webSocket] until it ends or is removed; a connection that has ended leaves at once.
     * Returns false if it was a member already.
     */
    public fun add(webSocket: WebSocket): Boolean = group.add(webSocket, webSocket)

    /**
     * Removes [webSocket]. The connection stays open, but its queued messages are not sent. Returns
     * false if it was not a member.
     */
    public fun remove(webSocket: WebSocket): Boolean = group.remove(webSocket)

    /**
     * Runs [block] with [webSocket] as a member, and removes it afterwards unless it was a member
     * before.
     */
    public suspend fun <T> join(webSocket: WebSocket, block: suspend () -> T): T {
        val isNew = add(webSocket)
        try {
            return block()
        } finally {
            if (isNew) remove(webSocket)
        }
    }

    /**
     * Sends [message] to all members and returns the number of members it was handed to. Skips
     * members whose handler has not accepted the connection yet, because only that handler opens
     * it. A member that fails does not affect the others. Messages of one coroutine reach every
     * member in order; messages of several coroutines may reach each member in a different order.
     *
     * Suspends only with [SlowConsumer.Suspend], until all members have room. Cancellation does not
     * take the message back. A connection that joins or leaves meanwhile may or may not get the
     * message.
     *
     * @throws PayloadExceededException if the message is longer than the `maxMessagePayloadSize` of
     * a member, after the others have got it
     */
    public suspend fun broadcast(message: PreparedMessage): Int = group.broadcast(message)

    /** Sends [message] to all members. Otherwise like `broadcast(message)`. */
    public suspend fun broadcast(message: Message): Int = broadcast(PreparedMessage(message))

    /** Sends [text] to all members. Otherwise like `broadcast(message)`. */
    public suspend fun broadcast(text: String): Int = broadcast(PreparedMessage(text))

    /**
     * Sends [bytes], which are not copied, to all members. Otherwise like `broadcast(message)`.
     */
    public suspend fun broadcast(bytes: ByteArray): Int = broadcast(PreparedMessage(bytes))

    /**
     * Sends [message] to all members without suspending. Otherwise like `broadcast(message)`.
     *
     * @throws IllegalStateException if [slowConsumer] is [SlowConsumer.Suspend]
     */
    public fun trySend(message: PreparedMessage): Int = group.trySend(message)

    /**
     * Closes all members at once with [code] and [reason], and suspends until they have ended.
     * Drops those that have not ended when [timeout] is over. Skips members that are not open yet.
     * Cancellation stops the waiting, not the closing. The group stays usable. ws4py: `close_all`.
     *
     * @throws IllegalArgumentException if [code] must not be sent
     */
    public suspend fun closeAll(
        code: Int = CloseCode.GOING_AWAY,
        reason: String = "",
        timeout: Duration = 10.seconds,
    ): Unit = group.closeAll(code, reason, timeout)
}
