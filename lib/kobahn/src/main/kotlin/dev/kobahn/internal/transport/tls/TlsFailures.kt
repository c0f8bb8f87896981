package dev.kobahn.internal.transport.tls

import dev.kobahn.protocol.onOneLine
import dev.kobahn.tls.TlsException.Reason
import java.security.cert.CertificateException
import java.security.cert.CertificateExpiredException
import java.security.cert.CertificateNotYetValidException

/**
 * Returns the exception for a client's [failure] of TLS: its message says why, and what to do about
 * the usual mistakes. The JDK tells the cause only by types deep inside and by its texts.
 *
 * @param name the name that the server's certificate must have
 * @param place the server's host and port
 * @param server the kind of server
 * @param hasCertificate whether the client has a certificate of its own
 * @param isAgreed whether the ends had agreed on a version and a cipher suite before
 */
internal fun explainTls(
    failure: Exception,
    name: String,
    place: String,
    server: TlsPeer,
    hasCertificate: Boolean,
    isAgreed: Boolean,
): TlsFailure {
    val causes = generateSequence<Throwable>(failure) { it.cause }.take(MOST_CAUSES).toList()
    val text = causes.joinToString("; ") { it.message.orEmpty() }.lowercase()
    val alert = ALERT.find(text)?.groupValues?.get(1)
    val (reason, advice) = when {
        causes.any { it is CertificateExpiredException } -> Reason.EXPIRED to EXPIRED

        causes.any { it is CertificateNotYetValidException } ->
            Reason.NOT_YET_VALID to
                NOT_YET_VALID

        "certification path" in text || "trust anchor" in text ->
            Reason.UNKNOWN_AUTHORITY to UNKNOWN_AUTHORITY

        isWrongHost(text) -> Reason.WRONG_HOST to wrongHost(name, server)

        // OpenSSL's alert for a missing certificate of the client up to TLS 1.2 (RFC 5246 section 7.4.6).
        alert == "handshake_failure" && isAgreed ->
            Reason.CLIENT_CERTIFICATE to
                "the server " + aboutCertificate(hasCertificate, server)

        alert != null -> ofAlert(alert, hasCertificate, server)

        causes.any { it is CertificateException } ->
            Reason.BAD_CERTIFICATE to "the server's certificate is not acceptable"

        "no appropriate protocol" in text || "not supported or enabled" in text ||
            "no negotiable" in text || "protocol version" in text ->
            Reason.NOTHING_IN_COMMON to NOTHING_IN_COMMON

        "ended the transport" in text || "closed" in text -> Reason.ENDED to ENDED

        "unrecognized" in text || "unsupported" in text -> return TlsFailure(
            noTls(place, server),
            Reason.NO_TLS,
            failure,
        )

        else -> Reason.OTHER to "TLS failed"
    }
    val detail = (causes.last().message ?: "${causes.last()}").onOneLine()
    return TlsFailure("${advice.about(server)} ($detail)", reason, failure)
}

/** Returns this message about a server for the kind that [server] is. */
private fun String.about(server: TlsPeer) =
    if (server == TlsPeer.PROXY) replace("the server", "the proxy") else this

/** The message for a server that answers with something other than TLS. */
internal fun noTls(place: String, server: TlsPeer): String =
    "the server at $place speaks no TLS on this port; ".about(server) +
        if (server == TlsPeer.PROXY) USE_HTTP_PROXY else "use ws:// or the port of wss"

private fun isWrongHost(text: String) = "no name matching" in text ||
    "subject alternative" in text || "subjectaltname" in text ||
    ("hostname" in text && "not verified" in text)

/** The message for a certificate that does not have [name]. */
internal fun wrongHost(name: String, server: TlsPeer): String =
    "the server's certificate is not for ".about(server) + name + when (server) {
        TlsPeer.ASKED -> "; connect by a name that it has, or set serverName"
        TlsPeer.REDIRECTED -> ""
        TlsPeer.PROXY -> "; name the proxy by a name that it has"
    }

private fun aboutCertificate(hasCertificate: Boolean, server: TlsPeer) = when {
    hasCertificate -> REFUSES_CERTIFICATE
    server == TlsPeer.ASKED -> WANTS_CERTIFICATE + GIVE_CERTIFICATE
    else -> WANTS_CERTIFICATE + NOT_FOR_IT
}

private fun ofAlert(
    alert: String,
    hasCertificate: Boolean,
    server: TlsPeer,
): Pair<Reason, String> = when (alert) {
    "unexpected_message" ->
        Reason.NO_TLS to "the server does not expect TLS on this port; " +
            if (server == TlsPeer.PROXY) USE_HTTP_PROXY else "use ws://"

    "protocol_version", "insufficient_security" -> Reason.NOTHING_IN_COMMON to NOTHING_IN_COMMON

    "handshake_failure" ->
        Reason.NOTHING_IN_COMMON to
            NOTHING_IN_COMMON +
            if (hasCertificate) "" else ", or it " + aboutCertificate(false, server)

    "unrecognized_name" -> Reason.UNKNOWN_NAME to "the server has no certificate for this name"

    "certificate_required" ->
        Reason.CLIENT_CERTIFICATE to "the server " + aboutCertificate(false, server)

    "bad_certificate" if !hasCertificate ->
        Reason.CLIENT_CERTIFICATE to "the server " + aboutCertificate(false, server)

    "bad_certificate", "unknown_ca", "certificate_unknown", "certificate_expired",
    "certificate_revoked", "unsupported_certificate", "access_denied",
    -> Reason.CLIENT_CERTIFICATE to "the server $REFUSES_CERTIFICATE"

    else -> Reason.OTHER to "the server refused TLS"
}

private const val EXPIRED = "the server's certificate has expired, or the clock here is wrong"
private const val NOT_YET_VALID =
    "the server's certificate is not valid yet, or the clock here is wrong"
private const val UNKNOWN_AUTHORITY =
    "no trusted authority has issued the server's certificate; if it is self-signed, trust it by " +
        "tls { trust(file) }"
private const val NOTHING_IN_COMMON = "the server accepts none of the versions or ciphers of TLS"
private const val WANTS_CERTIFICATE = "wants a certificate of the client; "
private const val GIVE_CERTIFICATE = "give it by tls { certificate(chain, key) }"
private const val NOT_FOR_IT = "that of tls { } is for the URL's server only"
private const val USE_HTTP_PROXY = "it may be an http proxy"
private const val REFUSES_CERTIFICATE = "does not accept the client's certificate"
private const val ENDED = "the server ended the transport during the TLS handshake"
private const val MOST_CAUSES = 10
private val ALERT = Regex("fatal alert: ([a-z_]+)")
