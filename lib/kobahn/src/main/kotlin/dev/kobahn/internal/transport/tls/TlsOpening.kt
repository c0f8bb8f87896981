package dev.kobahn.internal.transport.tls

import dev.kobahn.tls.TlsException.Reason
import java.io.IOException
import java.nio.ByteBuffer
import javax.net.ssl.SSLEngine

/** Finds the engine of a [TlsTransport], and judges the first bytes of the peer. On the loop. */
internal interface TlsOpening {
    /** Returns the engine that begins the handshake, or null if the peer has to speak first. */
    fun begin(): SSLEngine?

    /**
     * Looks at the first bytes that arrive; each call gets those that follow, and takes none. Returns
     * the engine, or null if it needs more. Throws [TlsRefusal] if they are not acceptable.
     */
    fun read(input: ByteBuffer): SSLEngine?

    /** The name that the client asks for (SNI), or null. From any thread, after the handshake. */
    val serverName: String?

    /** The memory that it takes. From any thread, which may see an older number. */
    val weight: Int get() = 0

    /** Returns the exception that explains [failure], which ended the handshake or the connection. */
    fun explain(failure: Exception): TlsFailure
}

/** The end of TLS. The message says why, and what to do about it if that is known. */
internal open class TlsFailure(message: String, val reason: Reason, cause: Throwable? = null) :
    IOException(message, cause)

/** The peer's first bytes are refused: it gets [answer], without encryption. */
internal class TlsRefusal(message: String, reason: Reason, val answer: ByteArray) :
    TlsFailure(message, reason)
