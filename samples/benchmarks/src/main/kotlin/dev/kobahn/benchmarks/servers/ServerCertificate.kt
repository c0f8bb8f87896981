package dev.kobahn.benchmarks.servers

import io.netty.pkitesting.CertificateBuilder
import io.netty.pkitesting.X509Bundle
import javax.net.ssl.SSLContext

/** The certificate that all peers show, one of each process: EC P-256, signed by itself. */
internal object ServerCertificate {
    val bundle: X509Bundle by lazy {
        CertificateBuilder()
            .subject("CN=localhost")
            .addSanDnsName("localhost")
            .algorithm(CertificateBuilder.Algorithm.ecp256)
            .setIsCertificateAuthority(true)
            .buildSelfSigned()
    }

    /** A context of the JDK's provider. */
    fun context(): SSLContext = SSLContext.getInstance("TLS").apply {
        init(bundle.toKeyManagerFactory().keyManagers, null, null)
    }
}
