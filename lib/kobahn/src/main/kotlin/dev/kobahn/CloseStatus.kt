package dev.kobahn

import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.CloseFrame
import dev.kobahn.protocol.onOneLine

/**
 * How a connection ended: what both ends said, who began, and why. Immutable. The library makes
 * those of its connections; tests of an application may make their own. Autobahn: the arguments of
 * `onClose` and the flags behind them.
 */
public class CloseStatus
@JvmOverloads
constructor(
    /** The Close this end sent, or null. One that never left, since the peer took nothing, was not sent. */
    public val local: CloseFrame?,
    /** The Close the peer sent, or null. */
    public val remote: CloseFrame?,
    /** Who began to close: the sender of the first Close, or whoever dropped the connection. */
    public val initiator: Initiator,
    /**
     * Whether both Close frames were exchanged and this end had nothing to object to, whatever the
     * codes were. Then the operating system has taken everything that was sent. A connection that
     * was failed (1002, 1007, 1009, 1011 from here) is never clean.
     */
    @get:JvmName("wasClean")
    public val wasClean: Boolean,
    /** What ended the connection when it was not clean, if known: a protocol violation, an I/O error, a timeout. */
    public val cause: Throwable? = null,
) {
    /** The ends of a connection, seen from here. */
    public enum class Initiator {
        /** This end. */
        LOCAL,

        /** The peer. */
        REMOTE,
    }

    /**
     * The code the connection ended with. If this end failed the connection, it is the code of its
     * Close. Otherwise it is that of RFC 6455 section 7.1.5: the code the peer sent, 1005 if its
     * Close had none, 1006 if no Close came.
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

    /** The reason that belongs to [code], empty if there was none. */
    public val reason: String get() = (failed ?: remote)?.reason.orEmpty()

    /** The Close by which this end failed the connection, or null. */
    private val failed: CloseFrame?
        get() = local.takeIf {
            !wasClean && initiator == Initiator.LOCAL &&
                CloseCode.fails(it?.code)
        }

    /** All of it on one line: what the peer wrote is escaped where it could break or hide it. */
    override fun toString(): String = buildString {
        append(if (wasClean) "clean " else "unclean ").append(code)
        // Our own stands with the Close that was sent.
        if (failed == null && reason.isNotEmpty()) append(' ').append(reason)
        append(", begun by ").append(initiator.name.lowercase())
        append(", sent ").append(local ?: "no Close")
        if (cause != null) append(", because of ").append(cause)
    }.onOneLine()
}
