package dev.kobahn

import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.CloseFrame

/**
 * What a [WebSocketGroup] does with a member that takes its messages too slowly: one that has more
 * than its `maxOutgoingQueueSize` of octets waiting to be written. Immutable.
 */
public sealed class SlowConsumer {
    /** How many octets may wait for one member beyond its own `maxOutgoingQueueSize`. */
    internal abstract val maxQueueSize: Long

    /** The sender waits for the slowest: nothing is lost, and one stuck member stops the group. */
    public object Suspend : SlowConsumer() {
        override val maxQueueSize: Long get() = 0

        override fun toString(): String = "suspend"
    }

    /**
     * Nobody waits: the messages of a slow member wait in a queue of its own, and when they are more
     * than [maxQueueSize] octets the oldest are dropped. A short message counts as 64 octets; the
     * newest message is always kept.
     */
    public class DropOldest
    @JvmOverloads
    constructor(
        public override val maxQueueSize: Long = DEFAULT_QUEUE_SIZE,
    ) : SlowConsumer() {
        init {
            checkQueueSize()
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
        public override val maxQueueSize: Long = DEFAULT_QUEUE_SIZE,
    ) : SlowConsumer() {
        init {
            CloseFrame.of(code, reason)
            checkQueueSize()
        }

        override fun toString(): String = "close with $code over $maxQueueSize octets"
    }

    internal fun checkQueueSize() {
        require(maxQueueSize >= 0) { "maxQueueSize is $maxQueueSize, must be 0 or more" }
    }

    internal companion object {
        const val DEFAULT_QUEUE_SIZE = 256L * 1024
    }
}
