package dev.kobahn.interop

import dev.kobahn.tls.TlsIdentity
import dev.kobahn.webSocketClient
import java.io.File
import java.security.KeyStore
import java.security.Provider
import java.security.SecureRandom
import java.security.cert.CertificateFactory
import javax.net.ssl.KeyManagerFactory
import javax.net.ssl.SSLContext
import javax.net.ssl.TrustManagerFactory
import kotlinx.coroutines.runBlocking
import org.conscrypt.Conscrypt

/** An implementation of TLS, by the [title] that the table of results has for it. */
internal enum class EngineOf(val title: String, private val newProvider: () -> Provider?) {
    JDK("its engine", { null }),
    CONSCRYPT("Conscrypt", { Conscrypt.newProvider() }),
    ;

    /** Makes a context that proves [identity] and trusts the certificate in [authority]. */
    fun context(identity: TlsIdentity, authority: File): SSLContext {
        val provider = newProvider()
        val password = "secret".toCharArray()
        val keyStore = KeyStore.getInstance("PKCS12").apply { load(null) }
        val chain = identity.certificates.toTypedArray()
        keyStore.setKeyEntry("own", identity.privateKey, password, chain)
        keyStore.setCertificateEntry("authority", certificate(authority))
        val keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm())
        keys.init(keyStore, password)
        // The JDK's trust manager does not know the words of Conscrypt for TLS 1.3.
        val trust = when (provider) {
            null -> TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
            else -> TrustManagerFactory.getInstance("PKIX", provider)
        }
        trust.init(keyStore)
        val context = when (provider) {
            null -> SSLContext.getInstance("TLS")
            else -> SSLContext.getInstance("TLS", provider)
        }
        context.init(keys.keyManagers, trust.trustManagers, SecureRandom())
        return context
    }

    private fun certificate(file: File) =
        file.inputStream().use { CertificateFactory.getInstance("X.509").generateCertificate(it) }
}

/** The certificate with its key, as our options take it. */
internal fun PemFiles.Pair.identity(): TlsIdentity = TlsIdentity.fromPem(certificate, key)

/**
 * Kobahn in a JVM of another version. The arguments are the engine, the version of TLS, the files of
 * an authority, a certificate and its key, and for a client the port of the server.
 */
internal object OtherJvm {
    @JvmStatic
    fun main(arguments: Array<String>): Unit = runBlocking {
        val (engine, version, authority, certificate, key) = arguments
        val context = EngineOf.valueOf(engine)
            .context(TlsIdentity.fromPem(File(certificate), File(key)), File(authority))
        val port = arguments.getOrNull(5)
        if (port == null) serve(context, version) else connect(context, version, port)
    }

    /** Serves until the standard input ends. */
    private suspend fun serve(context: SSLContext, version: String) = EchoServer.run({
        tls {
            sslContext { context }
            protocols = listOf(version)
        }
    }) { port ->
        println(port)
        System.`in`.read()
    }

    /** Connects twice, so that the second connection may resume the session of the first. */
    private suspend fun connect(context: SSLContext, version: String, port: String) {
        val client = webSocketClient {
            tls {
                sslContext { context }
                protocols = listOf(version)
            }
        }
        repeat(2) {
            client.connect("wss://localhost:$port/") {
                exchange()
                println(transportDetails.tls?.protocol)
            }
        }
    }
}
