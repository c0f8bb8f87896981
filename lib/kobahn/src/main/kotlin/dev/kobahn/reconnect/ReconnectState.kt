package dev.kobahn.reconnect

import dev.kobahn.ClientWebSocket
import java.util.concurrent.TimeUnit
import kotlin.time.Duration

/** The present state of a connection that is made anew. [Open] holds a connection; else immutable. */
public sealed class ReconnectState {
    /** The client connects. */
    public class Connecting internal constructor(
        /** The number of the attempt: 1, or one more than the failures in a row. */
        public val attempt: Int,
    ) : ReconnectState() {
        override fun toString(): String = "connecting, attempt $attempt"
    }

    /**
     * The connection is open, and the hook for that has returned. The state ends with the connection,
     * whether its messages are received or not.
     */
    public class Open internal constructor(
        /**
         * The present connection. If the application closes it, there is no further one, whatever the
         * server answers; `drop()` makes way for the next one.
         */
        public val webSocket: ClientWebSocket,
    ) : ReconnectState() {
        override fun toString(): String = "open: $webSocket"
    }

    /**
     * The client waits before it connects again, and longer than [delay] if too many messages of lost
     * connections have not been received.
     */
    public class Waiting internal constructor(
        /** The number of failures in a row. */
        public val failures: Int,
        /** The time from the begin of this state to the next attempt. */
        @get:JvmSynthetic
        public val delay: Duration,
        /** The failure of the last attempt, or of the connection. */
        public val cause: Throwable,
    ) : ReconnectState() {
        /** Returns [delay] in [unit], rounded down. */
        public fun delay(unit: TimeUnit): Long =
            unit.convert(delay.inWholeNanoseconds, TimeUnit.NANOSECONDS)

        override fun toString(): String = "waiting for $delay after failure $failures: $cause"
    }

    /** There will be no further connection. */
    public class Ended internal constructor(
        /**
         * Null if the application closed the connection, or the server did so on purpose (1000).
         * Otherwise the failure that cannot heal, or the last one of `maxAttempts`, or the cancellation of the
         * scope.
         */
        public val cause: Throwable?,
    ) : ReconnectState() {
        override fun toString(): String = if (cause == null) "ended" else "ended: $cause"
    }
}
