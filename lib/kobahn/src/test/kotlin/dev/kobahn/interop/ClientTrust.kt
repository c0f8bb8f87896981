package dev.kobahn.interop

import dev.kobahn.internal.transport.tls.Certificates
import java.security.SecureRandom
import javax.net.ssl.KeyManagerFactory
import javax.net.ssl.SSLContext
import javax.net.ssl.TrustManagerFactory
import javax.net.ssl.X509TrustManager

/** TLS of clients on the JVM that are not ours: their trust, and their own certificate. */
internal object ClientTrust {
    private val PASSWORD = "secret".toCharArray()

    val manager: X509TrustManager = run {
        val factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
        factory.init(Certificates.trusting())
        factory.trustManagers.filterIsInstance<X509TrustManager>().single()
    }

    val context: SSLContext = run {
        val keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm())
        keys.init(PemFiles.clientBundle.toKeyStore(PASSWORD), PASSWORD)
        SSLContext.getInstance("TLS").apply {
            init(keys.keyManagers, arrayOf(manager), SecureRandom())
        }
    }
}
