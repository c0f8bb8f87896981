package dev.kobahn

import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.CloseFrame

/**
 * What a [WebSocketGroup] does with a member that takes its messages too slowly: one that has more
 * than its `maxOutgoingQueueSize` of octets waiting to be written. A member counts as slow as well while
 * another message is streamed to it, or compressed for it by another thread. Immutable.
 */
public sealed class SlowConsumer {
    /** The sender waits for the slowest: nothing is lost, and one stuck member stops the group. */
    public object Suspend : SlowConsumer() {
        override fun toString(): String = "suspend"
    }

    /**
     * Nobody waits: the messages of a slow member wait in a queue of its own, and when they are more
     * than [maxQueueSize] octets the oldest are dropped. A short message counts as 64 octets; the
     * newest message is always kept.
     *
     * A member that reads loses messages too if it takes them more slowly than they are broadcast: a
     * broadcaster that is faster than the network makes every member slow for a moment.
     * [WebSocketGroup.droppedMessages] counts the lost messages.
     */
    public class DropOldest
    @JvmOverloads
    constructor(
        public val maxQueueSize: Long = DEFAULT_QUEUE_SIZE,
    ) : SlowConsumer() {
        init {
            checkQueueSize(maxQueueSize)
        }

        override fun toString(): String = "drop the oldest over $maxQueueSize octets"
    }

    /**
     * Nobody waits: the messages of a slow member wait in a queue of its own, and when they are more
     * than [maxQueueSize] octets the member is closed with [code] and [reason]. A short message
     * counts as 64 octets; with 0 nothing may wait.
     *
     * @throws IllegalArgumentException if [code] must not be sent
     */
    public class Disconnect
    @JvmOverloads
    constructor(
        public val code: Int = CloseCode.POLICY_VIOLATION,
        public val reason: String = "too slow",
        public val maxQueueSize: Long = DEFAULT_QUEUE_SIZE,
    ) : SlowConsumer() {
        init {
            CloseFrame.of(code, reason)
            checkQueueSize(maxQueueSize)
        }

        override fun toString(): String = "close with $code over $maxQueueSize octets"
    }
}

private const val DEFAULT_QUEUE_SIZE = 256L * 1024

private fun checkQueueSize(size: Long) {
    require(size >= 0) { "maxQueueSize is $size, must be 0 or more" }
}
