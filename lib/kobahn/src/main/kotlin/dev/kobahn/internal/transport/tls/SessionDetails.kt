package dev.kobahn.internal.transport.tls

import dev.kobahn.tls.TlsDetails
import java.security.cert.X509Certificate
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLPeerUnverifiedException
import javax.net.ssl.SSLSession

/** Returns what [engine] has agreed on in this session. From any thread. */
internal fun SSLSession.details(engine: SSLEngine, serverName: String?): TlsDetails {
    val asksForCertificate =
        engine.useClientMode || engine.needClientAuth || engine.wantClientAuth
    return TlsDetails(
        protocol,
        cipherSuite,
        if (asksForCertificate) certificatesOfPeer() else emptyList(),
        serverName,
        NewerTls.applicationProtocol(engine),
        if (NewerTls.hasExporter) ::channelId else null,
    )
}

private fun SSLSession.certificatesOfPeer(): List<X509Certificate> = try {
    peerCertificates.filterIsInstance<X509Certificate>()
} catch (_: SSLPeerUnverifiedException) {
    emptyList()
}

/** RFC 9266 section 2. */
private fun SSLSession.channelId(): ByteArray? =
    NewerTls.exportKeyingMaterial(this, "EXPORTER-Channel-Binding", CHANNEL_ID_BYTES)

private const val CHANNEL_ID_BYTES = 32
