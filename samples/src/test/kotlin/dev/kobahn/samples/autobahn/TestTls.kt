package dev.kobahn.samples.autobahn

import io.netty.pkitesting.CertificateBuilder
import java.security.cert.X509Certificate
import javax.net.ssl.SSLContext
import javax.net.ssl.X509TrustManager

/** The JDK's TLS for tests: a server with a certificate of its own, and a client that trusts all. */
internal object TestTls {
    private val bundle by lazy {
        CertificateBuilder()
            .subject("CN=localhost")
            .addSanDnsName("localhost")
            .addSanIpAddress("127.0.0.1")
            .algorithm(CertificateBuilder.Algorithm.ecp256)
            .setIsCertificateAuthority(true)
            .buildSelfSigned()
    }

    val server: SSLContext by lazy {
        SSLContext.getInstance("TLS").apply {
            init(bundle.toKeyManagerFactory().keyManagers, null, null)
        }
    }

    val client: SSLContext by lazy {
        SSLContext.getInstance("TLS").apply { init(null, arrayOf(TrustAll), null) }
    }

    private object TrustAll : X509TrustManager {
        override fun checkClientTrusted(chain: Array<X509Certificate>, type: String) = Unit

        override fun checkServerTrusted(chain: Array<X509Certificate>, type: String) = Unit

        override fun getAcceptedIssuers(): Array<X509Certificate> = emptyArray()
    }
}
