package dev.kobahn

import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.CloseFrame

/**
 * The policy of a [WebSocketGroup] for members that take their messages too slowly. A member is
 * slow while more bytes wait to be written than its `maxOutgoingQueueSize`. It also counts as slow
 * while another message is streamed to it or another thread compresses a message for it. Immutable.
 */
public sealed class SlowConsumer {
    /**
     * The sender waits for the slowest member. No message is lost, but one stuck member stops the
     * group.
     */
    public object Suspend : SlowConsumer() {
        override fun toString(): String = "suspend"
    }

    /**
     * The sender never waits. Messages to a slow member wait in the member's queue; if they exceed
     * [maxQueueSize] bytes, the oldest are dropped. A short message counts as 64 bytes. The newest
     * message is never dropped.
     *
     * A member that reads still loses messages if it takes them more slowly than they are
     * broadcast: a broadcaster that is faster than the network makes every member slow for a
     * moment. [WebSocketGroup.droppedMessages] counts the lost messages.
     */
    public class DropOldest
    @JvmOverloads
    constructor(
        public val maxQueueSize: Long = DEFAULT_QUEUE_SIZE,
    ) : SlowConsumer() {
        init {
            checkQueueSize(maxQueueSize)
        }

        override fun toString(): String = "drop the oldest over $maxQueueSize bytes"
    }

    /**
     * The sender never waits. Messages to a slow member wait in the member's queue; if they exceed
     * [maxQueueSize] bytes, the member is closed with [code] and [reason]. A short message counts
     * as 64 bytes. If [maxQueueSize] is 0, no message may wait.
     *
     * @throws IllegalArgumentException if [code] must not be sent
     */
    public class Disconnect(
        public val code: Int = CloseCode.POLICY_VIOLATION,
        public val reason: String = "too slow",
        public val maxQueueSize: Long = DEFAULT_QUEUE_SIZE,
    ) : SlowConsumer() {
        init {
            CloseFrame.of(code, reason)
            checkQueueSize(maxQueueSize)
        }

        override fun toString(): String = "close with $code over $maxQueueSize bytes"
    }
}

private const val DEFAULT_QUEUE_SIZE = 256L * 1024

private fun checkQueueSize(size: Long) {
    require(size >= 0) { "maxQueueSize is $size, must be 0 or more" }
}
