package dev.kobahn

import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.CloseFrame
import dev.kobahn.protocol.onOneLine

/**
 * The final status of a connection: the Close frames of both ends, the end that began to close, and
 * the cause.
 *
 * Immutable. The library creates the statuses of its connections; an application's tests may create
 * their own. Autobahn: the arguments of `onClose` and the flags behind them.
 */
public class CloseStatus(
    /**
     * The Close this end sent, or null. A Close counts as not sent if the peer took nothing and it
     * was never written.
     */
    public val local: CloseFrame?,
    /** The Close the peer sent, or null. */
    public val remote: CloseFrame?,
    /** The end that sent the first Close or dropped the connection. */
    public val initiator: Initiator,
    /**
     * Whether both ends exchanged Close frames and this end found no fault, whatever the codes
     * were. The operating system has then taken all sent data. A connection that this end failed
     * (with 1002, 1007, 1009 or 1011) is never clean.
     */
    @get:JvmName("wasClean")
    public val wasClean: Boolean,
    /**
     * The reason for an unclean end, if known: a protocol violation, an I/O error or a timeout.
     */
    public val cause: Throwable? = null,
) {
    /** The two ends of a connection, as seen from this one. */
    public enum class Initiator {
        /** This end. */
        LOCAL,

        /** The peer. */
        REMOTE,
    }

    /**
     * The close code of the connection. If this end failed the connection, it is the code of this
     * end's Close. Otherwise RFC 6455 section 7.1.5 applies: the code of the peer's Close, 1005 if
     * that Close had no code, 1006 if no Close arrived.
     */
    public val code: Int
        get() {
            val failed = failed
            return when {
                failed != null -> failed.code!!
                remote == null -> CloseCode.ABNORMAL_CLOSURE
                else -> remote.code ?: CloseCode.NO_STATUS_RCVD
            }
        }

    /** The reason that belongs to [code], or an empty string. */
    public val reason: String get() = (failed ?: remote)?.reason.orEmpty()

    /** The Close by which this end failed the connection, or null. */
    private val failed: CloseFrame?
        get() = local.takeIf {
            !wasClean && initiator == Initiator.LOCAL &&
                CloseCode.fails(it?.code)
        }

    /**
     * Returns all properties on one line. Line breaks and invisible characters from the peer are
     * escaped.
     */
    override fun toString(): String = buildString {
        append(if (wasClean) "clean " else "unclean ").append(code)
        // The reason of this end's Close is printed as part of [local].
        if (failed == null && reason.isNotEmpty()) append(' ').append(reason)
        append(", begun by ").append(initiator.name.lowercase())
        append(", sent ").append(local ?: "no Close")
        if (cause != null) append(", because of ").append(cause)
    }.onOneLine()
}
