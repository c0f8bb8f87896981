package dev.kobahn

import dev.kobahn.internal.group.Group
import dev.kobahn.protocol.CloseCode
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * Connections that are spoken to together: a room, the subscribers of a topic, everybody. A
 * connection may be in any number of groups; it leaves them by itself when it ends. Thread-safe.
 * ws4py: `WebSocketManager`.
 *
 * ```
 * val room = WebSocketGroup(SlowConsumer.DropOldest())
 * webSocketServer {
 *     onConnect { room.join(this) { for (message in incoming) room.broadcast(message) } }
 * }
 * ```
 *
 * @param slowConsumer what becomes of members that take their messages too slowly
 */
public class WebSocketGroup
@JvmOverloads
constructor(
    /** What becomes of members that take their messages too slowly. */
    public val slowConsumer: SlowConsumer = SlowConsumer.Disconnect(),
) {
    private val group = Group<WebSocket>(slowConsumer)

    /** How many members there are. */
    public val size: Int get() = group.size

    /** Those who are members at this moment; the list does not change. */
    public val members: List<WebSocket> get() = group.members

    /** How many messages were dropped because members were too slow, over all members there ever were. */
    public val droppedMessages: Long get() = group.droppedMessages

    /** Whether [webSocket] is a member. */
    public operator fun contains(webSocket: WebSocket): Boolean = webSocket in group

    /** Makes [webSocket] a member until it ends or is removed; one that has ended leaves at once. False if it was one. */
    public fun add(webSocket: WebSocket): Boolean = group.add(webSocket, webSocket)

    /** Ends the membership of [webSocket]; the connection goes on. What waits for it is not sent. False if it was no member. */
    public fun remove(webSocket: WebSocket): Boolean = group.remove(webSocket)

    /** Runs [block] with [webSocket] as a member, and removes it afterwards unless it was one before. */
    public suspend fun <T> join(webSocket: WebSocket, block: suspend () -> T): T {
        val isNew = add(webSocket)
        try {
            return block()
        } finally {
            if (isNew) remove(webSocket)
        }
    }

    /**
     * Sends [message] to all members and returns how many it was handed to. A member whose handler
     * has not accepted it yet is passed over: nothing but that handler opens a connection. A member
     * that fails affects no other. Messages that one coroutine broadcasts reach every member in their order;
     * those of several may be seen in another order by each member.
     *
     * Suspends with [SlowConsumer.Suspend] only: until all members have room. Cancellation does not
     * take the message back. Who joins or leaves meanwhile may get it or not.
     *
     * @throws PayloadExceededException if it is longer than the `maxMessagePayloadSize` of a member,
     * once the others have got it
     */
    public suspend fun broadcast(message: PreparedMessage): Int = group.broadcast(message)

    /** Sends [message] to all members; as `broadcast(message)`. */
    public suspend fun broadcast(message: Message): Int = broadcast(PreparedMessage(message))

    /** Sends [text] to all members; as `broadcast(message)`. */
    public suspend fun broadcast(text: String): Int = broadcast(PreparedMessage(text))

    /** Sends [octets], which are handed over, to all members; as `broadcast(message)`. */
    public suspend fun broadcast(octets: ByteArray): Int = broadcast(PreparedMessage(octets))

    /**
     * As `broadcast(message)` for those who cannot suspend.
     *
     * @throws IllegalStateException if [slowConsumer] is [SlowConsumer.Suspend]
     */
    public fun offer(message: PreparedMessage): Int = group.offer(message)

    /**
     * Closes all members with [code] and [reason], all at once, and suspends until they have ended;
     * those that have not when [timeout] is over are dropped. Those that are not open yet are left
     * alone. Cancellation stops the waiting, not the closing. The group stays as usable as before. ws4py: `close_all`.
     *
     * @throws IllegalArgumentException if [code] must not be sent
     */
    public suspend fun closeAll(
        code: Int = CloseCode.GOING_AWAY,
        reason: String = "",
        timeout: Duration = 10.seconds,
    ): Unit = group.closeAll(code, reason, timeout)
}
