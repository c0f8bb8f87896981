package dev.kobahn.internal.transport.tls

import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.call
import dev.kobahn.protocol.handshake.HostAndPort
import dev.kobahn.tls.TlsClientOptions
import dev.kobahn.tls.TlsException.Reason
import java.net.Socket
import java.nio.ByteBuffer
import java.security.cert.X509Certificate
import javax.net.ssl.SNIHostName
import javax.net.ssl.SSLEngine
import javax.net.ssl.TrustManager
import javax.net.ssl.X509ExtendedTrustManager
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/**
 * TLS of a client. It keeps one context, so that later connections to the same host and port resume
 * the session of earlier ones. Thread-safe.
 */
internal class ClientTls(private val options: TlsClientOptions) {
    private val contexts by lazy {
        val trust: TrustManager? =
            if (options.dangerouslyTrustAnyCertificate) TrustsAny else options.trust
        SslContexts(options.identity, trust, options.context)
    }

    /**
     * Secures [transport], which is connected and not started, with the server [host] at [port], and
     * returns the transport to be used in its place, not started. The certificate has to be one of
     * [serverName]. Suspends for the handshake. Throws [TlsFailure] if there is no TLS with that
     * server; then, and if it is cancelled, the transport has to be closed.
     */
    suspend fun secure(
        transport: Transport,
        host: String,
        port: Int,
        serverName: String = options.serverName ?: host,
    ): Transport {
        val name = serverName.removeSuffix(".")
        // The first context reads the authorities of the platform from files.
        val engine = withContext(Dispatchers.IO) { engine(name, port) }
        val opened = CompletableDeferred<Unit>()
        val place = HostAndPort.bracketed(host) + ":$port"
        return transport.loop.call {
            TlsTransport(transport, Opening(engine, name, place), opened).also { it.begin() }
        }.also { opened.await() }
    }

    private fun engine(name: String, port: Int): SSLEngine {
        // An address with a scope is an address of this machine: certificates do not have that.
        val host = if (':' in name) name.substringBefore('%') else name
        val engine = contexts.context().createSSLEngine(host, port)
        engine.useClientMode = true
        val parameters = engine.configure(options)
        serverName(host)?.let { parameters.serverNames = listOf(it) }
        val verifies =
            !options.dangerouslyAcceptAnyHostname && !options.dangerouslyTrustAnyCertificate
        parameters.endpointIdentificationAlgorithm = if (verifies) "HTTPS" else null
        engine.sslParameters = parameters
        return engine
    }

    /** Addresses are no server names (RFC 6066 section 3), nor are names with an underscore. */
    private fun serverName(host: String): SNIHostName? {
        if (':' in host || host.all { it.isDigit() || it == '.' }) return null
        return try {
            SNIHostName(host)
        } catch (_: IllegalArgumentException) {
            null
        }
    }

    private inner class Opening(
        private val engine: SSLEngine,
        private val name: String,
        private val place: String,
    ) : TlsOpening {
        private var isFirst = true

        override val serverName: String? = serverName(name)?.asciiName?.lowercase()

        override fun begin(): SSLEngine = engine

        /** Judges the first byte that the server sends: the engine is known, and gets it all. */
        override fun read(input: ByteBuffer): SSLEngine {
            if (isFirst && input.hasRemaining()) {
                isFirst = false
                val type = input[input.position()]
                if (type !in RECORD_TYPES) throw TlsFailure(noTls(place), Reason.NO_TLS)
            }
            return engine
        }

        override fun explain(failure: Exception): TlsFailure =
            explainTls(failure, name, place, options.identity != null)
    }

    private companion object {
        /** The types of records: change_cipher_spec, alert, handshake, application_data. */
        val RECORD_TYPES: IntRange = 20..23

        operator fun IntRange.contains(byte: Byte): Boolean = byte.toInt() in this
    }
}

/** Trusts any certificate. An extended one: otherwise the JDK would verify the host itself. */
private object TrustsAny : X509ExtendedTrustManager() {
    override fun checkClientTrusted(chain: Array<X509Certificate>, type: String) = Unit

    override fun checkClientTrusted(chain: Array<X509Certificate>, type: String, on: Socket) = Unit

    override fun checkClientTrusted(chain: Array<X509Certificate>, type: String, on: SSLEngine) =
        Unit

    override fun checkServerTrusted(chain: Array<X509Certificate>, type: String) = Unit

    override fun checkServerTrusted(chain: Array<X509Certificate>, type: String, on: Socket) = Unit

    override fun checkServerTrusted(chain: Array<X509Certificate>, type: String, on: SSLEngine) =
        Unit

    override fun getAcceptedIssuers(): Array<X509Certificate> = emptyArray()
}
