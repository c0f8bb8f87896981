package dev.kobahn.tls

import dev.kobahn.HandshakeException
import dev.kobahn.protocol.onOneLine

/**
 * TLS with the server was not possible. The message names the server, says why and, for the usual
 * mistakes, what to do; [reason] is for programs. The cause is the exception of the TLS engine.
 */
public class TlsException internal constructor(
    message: String,
    /** The kind of failure. */
    public val reason: Reason,
    cause: Throwable? = null,
) : HandshakeException(message.onOneLine(), cause = cause) {
    /** The kinds of failure. */
    public enum class Reason {
        /** The server speaks no TLS on this port. */
        NO_TLS,

        /** A certificate has expired. */
        EXPIRED,

        /** A certificate is not valid yet, or the clock of this machine is wrong. */
        NOT_YET_VALID,

        /** No trusted authority has issued the certificate, or it is self-signed. */
        UNKNOWN_AUTHORITY,

        /** The certificate is for another host. */
        WRONG_HOST,

        /** The certificate is not acceptable for another reason. */
        BAD_CERTIFICATE,

        /** The server wants a certificate of the client, or does not accept that one. */
        CLIENT_CERTIFICATE,

        /** There is no version of TLS or no cipher suite that both ends accept. */
        NOTHING_IN_COMMON,

        /** The server has no certificate for the requested name. */
        UNKNOWN_NAME,

        /** The server ended the transport. */
        ENDED,

        /** Something else, which the cause tells. */
        OTHER,
    }
}
