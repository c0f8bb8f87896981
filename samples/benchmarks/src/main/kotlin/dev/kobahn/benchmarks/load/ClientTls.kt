package dev.kobahn.benchmarks.load

import dev.kobahn.benchmarks.Scenario
import java.security.cert.X509Certificate
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLEngine
import javax.net.ssl.X509TrustManager

/** The generator's side of TLS 1.3, of which all servers get the same offer. Trusts everybody. */
internal class ClientTls(private val resumes: Boolean) {
    private val context = SSLContext.getInstance("TLS").apply {
        init(null, arrayOf(TrustAll), null)
    }

    /** Makes an engine. Those of one [place] resume each other's sessions, if any do. */
    fun engine(place: Int): SSLEngine {
        val engine =
            if (resumes) context.createSSLEngine("place$place", 1) else context.createSSLEngine()
        engine.useClientMode = true
        engine.enabledProtocols = arrayOf("TLSv1.3")
        engine.enabledCipherSuites = arrayOf("TLS_AES_128_GCM_SHA256")
        return engine
    }

    private object TrustAll : X509TrustManager {
        override fun checkClientTrusted(chain: Array<X509Certificate>, type: String) = Unit

        override fun checkServerTrusted(chain: Array<X509Certificate>, type: String) = Unit

        override fun getAcceptedIssuers(): Array<X509Certificate> = emptyArray()
    }

    companion object {
        /** Returns what [scenario] needs, or null. */
        fun of(scenario: Scenario): ClientTls? {
            if (!scenario.tls) return null
            return ClientTls(resumes = (scenario as? Scenario.Handshake)?.resumed == true)
        }
    }
}
