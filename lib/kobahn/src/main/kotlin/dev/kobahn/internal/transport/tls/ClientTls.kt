package dev.kobahn.internal.transport.tls

import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.call
import dev.kobahn.protocol.handshake.HostAndPort
import dev.kobahn.tls.TlsClientOptions
import dev.kobahn.tls.TlsException.Reason
import dev.kobahn.tls.TlsIdentitySource
import java.net.Socket
import java.nio.ByteBuffer
import java.security.cert.X509Certificate
import javax.net.ssl.SNIHostName
import javax.net.ssl.SSLEngine
import javax.net.ssl.TrustManager
import javax.net.ssl.X509ExtendedTrustManager
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.withContext

/**
 * TLS of a client. It keeps its contexts, so that later connections to the same host and port resume
 * the session of earlier ones. Thread-safe.
 */
internal class ClientTls(given: TlsClientOptions) {
    private val options = given.copy()

    private val contexts by lazy { contexts(options.identity) }

    /** The contexts for everybody but the server that the application has asked for. */
    private val anonymous by lazy { if (hasIdentity) contexts(null) else contexts }

    private val hasIdentity = options.identity != null

    private val verifies =
        !options.dangerouslyAcceptAnyHostname && !options.dangerouslyTrustAnyCertificate

    private fun contexts(identity: TlsIdentitySource?): SslContexts {
        val trust: TrustManager? =
            if (options.dangerouslyTrustAnyCertificate) TrustsAny else options.trust
        return SslContexts(identity, trust, options.context)
    }

    /**
     * Secures [transport], which is connected and not started, with the server [host] at [port], and
     * returns the transport to be used in its place, not started. Suspends for the handshake. Throws
     * [TlsFailure] if there is no TLS with that server; then, and if it is cancelled, the transport
     * has to be closed.
     *
     * @param server the kind of server
     */
    suspend fun secure(
        transport: Transport,
        host: String,
        port: Int,
        server: TlsPeer = TlsPeer.ASKED,
    ): Transport {
        val isAsked = server == TlsPeer.ASKED
        val serverName = options.serverName?.takeIf { isAsked } ?: host
        val name = serverName.removeSuffix(".")
        // The first context reads the authorities of the platform from files.
        val engine = withContext(clientTlsTasks) { engine(name, port, isAsked) }
        val opened = CompletableDeferred<Unit>()
        val place = HostAndPort.bracketed(host) + ":$port"
        val opening = Opening(engine, name, place, server, isAsked && hasIdentity)
        val secured = transport.loop.call {
            TlsTransport(transport, opening, opened, clientTlsTasks).also { it.begin() }
        }
        opened.await()
        if (verifies && !engine.verifiesHost) verify(secured, name, server)
        return secured
    }

    /**
     * Whether the engine verifies the host: that of the JDK does so for its own trust managers and
     * for plain ones. Extended ones of others are left to do it themselves, and may not. A context
     * does not tell its trust manager.
     */
    private val SSLEngine.verifiesHost: Boolean
        get() = isOfJdk && options.context == null &&
            options.trust.let { it !is X509ExtendedTrustManager || it.isOfJdk }

    private val Any.isOfJdk: Boolean get() = javaClass.name.startsWith("sun.security.ssl.")

    /** Like a failure of the handshake, the failure of this closes the transport. */
    private fun verify(secured: Transport, name: String, server: TlsPeer) {
        val host = HostAndPort.withoutZone(serverName(name)?.asciiName ?: name)
        if (secured.tls?.peerCertificate?.isFor(host) == true) return
        secured.close()
        throw TlsFailure(wrongHost(name, server), Reason.WRONG_HOST)
    }

    private fun engine(name: String, port: Int, isAsked: Boolean): SSLEngine {
        // An address with a scope is an address of this machine: certificates do not have that.
        val host = HostAndPort.withoutZone(name)
        val context = (if (isAsked) contexts else anonymous).context()
        val engine = context.createSSLEngine(host, port)
        engine.useClientMode = true
        val parameters = engine.configure(options)
        serverName(host)?.let { parameters.serverNames = listOf(it) }
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
        private val server: TlsPeer,
        private val hasCertificate: Boolean,
    ) : TlsOpening {
        private var isFirst = true

        /** Whether the bytes that came before the last ones had a ServerHello. */
        private var isAgreed = false

        override val serverName: String? = serverName(name)?.asciiName?.lowercase()

        override fun begin(): SSLEngine = engine

        /** Judges the first byte that the server sends: the engine is known, and gets it all. */
        override fun read(input: ByteBuffer): SSLEngine {
            if (isFirst && input.hasRemaining()) {
                isFirst = false
                val type = input[input.position()]
                if (type !in RECORD_TYPES) throw TlsFailure(noTls(place, server), Reason.NO_TLS)
            }
            // Asked now, because after a failure the engine has no session.
            if (!isAgreed) isAgreed = engine.hasCipher
            return engine
        }

        override fun explain(failure: Exception): TlsFailure =
            explainTls(failure, name, place, server, hasCertificate, isAgreed)
    }

    private companion object {
        /** The types of records: change_cipher_spec, alert, handshake, application_data. */
        val RECORD_TYPES: IntRange = 20..23
        const val NO_CIPHER = "SSL_NULL_WITH_NULL_NULL"

        /** Whether the handshake has come to a cipher suite; false if the engine does not tell. */
        val SSLEngine.hasCipher: Boolean
            get() = try {
                handshakeSession?.cipherSuite.let { it != null && it != NO_CIPHER }
            } catch (_: UnsupportedOperationException) {
                false
            }

        operator fun IntRange.contains(byte: Byte): Boolean = byte.toInt() in this
    }
}

/** The kinds of servers that a client secures its transports with. */
internal enum class TlsPeer {
    /**
     * The server that the application has asked for: no other gets the client's certificate, or is
     * called by the `serverName` of the options.
     */
    ASKED,

    /** A server to which another one has led by a redirect. */
    REDIRECTED,

    /** An `https` proxy. */
    PROXY,
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
