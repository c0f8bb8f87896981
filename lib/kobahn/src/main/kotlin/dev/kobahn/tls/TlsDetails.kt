package dev.kobahn.tls

import java.security.cert.X509Certificate

/**
 * The encryption of a connection, as [dev.kobahn.TransportDetails.tls] tells it. Immutable and safe
 * to share.
 */
public class TlsDetails internal constructor(
    /** The version of TLS, such as `TLSv1.3`. */
    public val protocol: String,
    /** The cipher suite, such as `TLS_AES_256_GCM_SHA384`. */
    public val cipherSuite: String,
    /**
     * The peer's certificate and those that issued it, the peer's first. Empty if the peer has sent
     * none, as clients do that are not asked for one. The chain was checked, unless an option says
     * that any certificate is trusted. Autobahn: `peer_cert`.
     */
    public val peerCertificates: List<X509Certificate>,
    /** The name that the client has asked for (SNI), in lower case, or null. Known on both ends. */
    public val serverName: String?,
    /** The protocol that was agreed on by ALPN, such as `http/1.1`, or null. */
    public val applicationProtocol: String?,
    private val exporter: (() -> ByteArray?)?,
) {
    /** The certificate of the peer, or null if it has sent none. */
    public val peerCertificate: X509Certificate? get() = peerCertificates.firstOrNull()

    /**
     * Returns 32 bytes that both ends of this connection know and no other connection has, to bind a
     * login to it: `tls-exporter` of RFC 9266. Null if the connection's TLS engine has no exporter:
     * the JDK has one since version 25. Autobahn's `tls-unique` is not defined for TLS 1.3.
     */
    public fun channelId(): ByteArray? = exporter?.invoke()

    override fun equals(other: Any?): Boolean = other is TlsDetails &&
        protocol == other.protocol && cipherSuite == other.cipherSuite &&
        peerCertificates == other.peerCertificates && serverName == other.serverName &&
        applicationProtocol == other.applicationProtocol

    override fun hashCode(): Int = cipherSuite.hashCode() + peerCertificates.hashCode()

    override fun toString(): String = "$protocol with $cipherSuite"
}
