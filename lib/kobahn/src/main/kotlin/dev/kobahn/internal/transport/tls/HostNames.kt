package dev.kobahn.internal.transport.tls

import dev.kobahn.protocol.IpAddress
import java.security.cert.CertificateParsingException
import java.security.cert.X509Certificate

/**
 * Whether this certificate is for [host], a name or an address without brackets and zone (RFC 9525).
 * The common name of the subject does not count.
 */
internal fun X509Certificate.isFor(host: String): Boolean {
    val alternatives = try {
        subjectAlternativeNames.orEmpty()
    } catch (_: CertificateParsingException) {
        return false
    }
    val address = IpAddress.parse(host)
    return alternatives.any { (type, name) ->
        when (type) {
            DNS_NAME -> address == null && matches("$name", host)
            IP_ADDRESS -> address != null && IpAddress.parse("$name").contentEquals(address)
            else -> false
        }
    }
}

/** A wildcard stands for the whole first label (RFC 9525 section 6.3). */
private fun matches(name: String, host: String): Boolean {
    if (!name.startsWith("*.")) return name.equals(host, ignoreCase = true)
    val label = host.substringBefore('.')
    return label.isNotEmpty() && label != "*" &&
        host.substring(label.length).equals(name.substring(1), ignoreCase = true)
}

// RFC 5280 section 4.2.1.6.
private const val DNS_NAME = 2
private const val IP_ADDRESS = 7
