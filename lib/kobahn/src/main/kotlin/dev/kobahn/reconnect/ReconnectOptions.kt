package dev.kobahn.reconnect

import dev.kobahn.ConnectionClosedException
import dev.kobahn.HandshakeException
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.WebSocketDsl
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.handshake.HttpStatus
import dev.kobahn.proxy.ProxyException
import dev.kobahn.tls.TlsException
import java.io.IOException
import kotlin.time.Duration

/**
 * The options of connections that are made anew when they end, see
 * [WebSocketClientOptions.reconnect].
 */
@WebSocketDsl
public class ReconnectOptions internal constructor(private val options: WebSocketClientOptions) {
    /**
     * The time before the next attempt. Default: from a second to a minute, doubled each time, half
     * of it random.
     */
    public var backoff: Backoff by options::reconnectBackoff

    /**
     * The number of failures in a row after which the client gives up: attempts that did not open a
     * connection, and connections that did not last for [resetAfter]. Default: 0, no limit.
     */
    public var maxAttempts: Int by options::reconnectMaxAttempts

    /**
     * The time after which a connection has lasted: the count of failures, and with it the backoff,
     * begins anew. Default: 10 seconds.
     */
    public var resetAfter: Duration by options::reconnectResetAfter

    /**
     * The longest time that a server's `Retry-After` can make the client wait. The client waits at
     * least as long as the server says, up to this bound, and at least as long as [backoff] says.
     * Zero ignores `Retry-After`. Default: 5 minutes.
     */
    public var maxRetryAfter: Duration by options::reconnectMaxRetryAfter

    /**
     * The fate of a message that is sent while there is no connection, or that the system has
     * not taken before its connection is lost. Default: [Unsent.KEEP].
     */
    public var unsent: Unsent by options::reconnectUnsent

    /**
     * The number of bytes of messages that may wait for a connection; `send` suspends above it. One
     * message may always wait, and a short one counts as 64 bytes. Default: 1 MiB.
     */
    public var maxUnsentSize: Long by options::reconnectMaxUnsentSize

    /**
     * Sets the function that decides whether to connect again after a failure. It replaces
     * [canHeal], which it may call:
     *
     * ```
     * retryIf { failure -> canHeal(failure) || (failure as? HandshakeException)?.status == 403 }
     * ```
     */
    public fun retryIf(judge: (failure: Throwable) -> Boolean) {
        options.reconnectIf = judge
    }

    /** The same as [Backoff.exponential]. */
    public fun exponential(
        initial: Duration,
        max: Duration,
        factor: Double = 2.0,
        jitter: Double = 0.5,
    ): Backoff = Backoff.exponential(initial, max, factor, jitter)

    /**
     * Whether [failure] is of a kind that passes: an I/O error, such as a refused TCP connection or
     * a handshake without an answer; a handshake that was refused with 408, 429, 500, 502, 503 or
     * 504; a connection that ended with 1001 (going away), 1006 (without a Close), 1012 (service
     * restart) or 1013 (try again later), unless the server broke a rule. Other statuses, close codes and exceptions would be the
     * same the next time, and so would most failures of TLS, with a server or an `https` proxy, such as an expired
     * certificate.
     */
    public fun canHeal(failure: Throwable): Boolean = Healing.isPossible(failure)
}

/** The treatment of messages that could not be sent. */
public enum class Unsent {
    /**
     * They wait for the next connection, in order, up to `maxUnsentSize`. If a connection breaks
     * while messages are under way, some may arrive twice, on the old and on the new one, or be lost
     * although the system had taken them: number your messages if that matters.
     */
    KEEP,

    /** Sending them fails with [NotConnectedException]. */
    FAIL,
}

/** Tells failures that pass from those that stay. Stateless. */
internal object Healing {
    private const val TOO_MANY_REQUESTS = 429
    private const val BAD_GATEWAY = 502
    private const val GATEWAY_TIMEOUT = 504
    private val STATUSES = setOf(
        HttpStatus.REQUEST_TIMEOUT,
        TOO_MANY_REQUESTS,
        HttpStatus.INTERNAL_SERVER_ERROR,
        BAD_GATEWAY,
        HttpStatus.SERVICE_UNAVAILABLE,
        GATEWAY_TIMEOUT,
    )
    private val CODES = setOf(
        CloseCode.GOING_AWAY,
        CloseCode.ABNORMAL_CLOSURE,
        CloseCode.SERVICE_RESTART,
        CloseCode.TRY_AGAIN_LATER,
    )

    fun isPossible(failure: Throwable): Boolean = when (failure) {
        // With failByDrop a peer that breaks a rule gets no Close: the next one would break it too.
        is ConnectionClosedException ->
            failure.status.cause !is ProtocolException && isPossible(failure.status.code)

        is TlsException -> failure.reason == TlsException.Reason.ENDED

        is HandshakeException -> failure.status == null || failure.status in STATUSES

        is ProxyException -> isPossible(failure)

        else -> failure is IOException
    }

    private fun isPossible(failure: ProxyException): Boolean {
        val status = failure.status
        val cause = failure.cause
        return when {
            status != null -> status in STATUSES
            cause is TlsException -> isPossible(cause)
            else -> true
        }
    }

    /** Whether a connection that ended with the close [code] may be made anew. */
    fun isPossible(code: Int): Boolean = code in CODES
}
