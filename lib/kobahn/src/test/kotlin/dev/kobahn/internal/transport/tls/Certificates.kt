package dev.kobahn.internal.transport.tls

import dev.kobahn.tls.TlsClientOptions
import dev.kobahn.tls.TlsIdentity
import dev.kobahn.tls.TlsServerOptions
import io.netty.pkitesting.CertificateBuilder
import io.netty.pkitesting.X509Bundle
import java.security.KeyStore
import java.security.PrivateKey
import java.security.Provider
import java.security.SecureRandom
import java.security.interfaces.ECPrivateKey
import java.time.Duration
import java.time.Instant
import javax.net.ssl.KeyManagerFactory
import javax.net.ssl.SSLContext
import javax.net.ssl.TrustManagerFactory

/** Certificates for tests, made once. */
internal object Certificates {
    val authority: X509Bundle by lazy { authority("Kobahn Test CA") }

    /** An authority that nobody trusts. */
    val stranger: X509Bundle by lazy { authority("Another CA") }

    /** For localhost and its addresses, issued by [authority]. */
    val server: TlsIdentity by lazy { issue("localhost").identity() }

    val client: TlsIdentity by lazy {
        builder("CN=a client").addExtendedKeyUsageClientAuth().buildIssuedBy(authority).identity()
    }

    private fun authority(name: String) = CertificateBuilder().subject("CN=$name").ecp256()
        .setIsCertificateAuthority(true).valid(Duration.ofDays(1)).buildSelfSigned()

    /** Begins a certificate that is valid now. */
    fun builder(subject: String): CertificateBuilder =
        CertificateBuilder().subject(subject).ecp256().valid(Duration.ofHours(12))

    private fun CertificateBuilder.valid(time: Duration): CertificateBuilder {
        val now = Instant.now()
        return notBefore(now.minus(time)).notAfter(now.plus(time))
    }

    /** A server's certificate for [names]; localhost has its addresses too. */
    fun issue(
        vararg names: String,
        by: X509Bundle = authority,
        change: CertificateBuilder.() -> CertificateBuilder = { this },
    ): X509Bundle = forNames(names).change().buildIssuedBy(by)

    fun selfSigned(vararg names: String): X509Bundle =
        forNames(names).setIsCertificateAuthority(true).buildSelfSigned()

    private fun forNames(names: Array<out String>): CertificateBuilder {
        val builder = builder("CN=${names.first()}").addExtendedKeyUsageServerAuth()
        // The builder takes no wildcards: those stand in the subject.
        for (name in names) if ('*' !in name) builder.addSanDnsName(name)
        if ("localhost" in names) builder.addSanIpAddress("127.0.0.1").addSanIpAddress("::1")
        return builder
    }

    /** A key store that trusts [authority]. */
    fun trusting(authority: X509Bundle = this.authority): KeyStore {
        val store = KeyStore.getInstance(KeyStore.getDefaultType())
        store.load(null)
        store.setCertificateEntry("ca", authority.rootCertificate)
        return store
    }

    /** A context of [provider], or of the JDK, with [identity], which trusts [authority]. */
    fun context(provider: Provider? = null, identity: TlsIdentity = server): SSLContext {
        val password = "x".toCharArray()
        val store = KeyStore.getInstance("PKCS12").apply { load(null) }
        store.setKeyEntry("x", identity.privateKey, password, identity.certificates.toTypedArray())
        val keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm())
        keys.init(store, password)
        // The JDK's trust manager does not know the words of Conscrypt for TLS 1.3, and so on.
        val trust = when (provider) {
            null -> TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
            else -> TrustManagerFactory.getInstance("PKIX", provider)
        }
        trust.init(trusting())
        val context = when (provider) {
            null -> SSLContext.getInstance("TLS")
            else -> SSLContext.getInstance("TLS", provider)
        }
        context.init(keys.keyManagers, trust.trustManagers, SecureRandom())
        return context
    }

    /** TLS of a server with [server]. */
    fun serverTls(configure: TlsServerOptions.() -> Unit = {}): ServerTls =
        ServerTls(TlsServerOptions().apply { identity(server) }.apply(configure))

    /** TLS of a client that trusts [authority]. */
    fun clientTls(configure: TlsClientOptions.() -> Unit = {}): ClientTls =
        ClientTls(TlsClientOptions().apply { trust(trusting()) }.apply(configure))
}

internal fun X509Bundle.identity(): TlsIdentity =
    TlsIdentity.of(keyPair.private, certificatePathList)

/** A key that signs and does not leave its hardware. */
internal class InHardware(key: PrivateKey) : ECPrivateKey by key as ECPrivateKey {
    override fun getFormat(): String? = null

    override fun getEncoded(): ByteArray? = null
}
