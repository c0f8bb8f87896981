package dev.kobahn.internal.transport.tls

import dev.kobahn.internal.connection.Loop
import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.transport.logger
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.HttpStatus
import dev.kobahn.protocol.handshake.headersOf
import dev.kobahn.protocol.onOneLine
import dev.kobahn.tls.TlsException.Reason
import dev.kobahn.tls.TlsIdentity
import dev.kobahn.tls.TlsServerOptions
import dev.kobahn.tls.TlsServerOptions.ClientCertificates
import dev.kobahn.tls.TlsServerOptions.UnknownNames
import java.nio.ByteBuffer
import java.security.cert.CertificateException
import java.security.cert.X509Certificate
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLEngine
import javax.net.ssl.X509TrustManager
import kotlinx.coroutines.CompletableDeferred

/**
 * TLS of a server's listening socket: finds the certificate for each client by the name that the
 * client asks for. Thread-safe.
 *
 * @throws IllegalArgumentException if the options have neither certificate nor context, ask for
 * certificates of clients without trust, or for a version or cipher suite that the platform does not
 * have
 */
internal class ServerTls(options: TlsServerOptions) {
    private val options = options.copy()
    private val contexts: List<SslContexts>

    @Volatile
    private var names = Names(emptyList(), emptyMap())
    private val refusesUnknown = options.unknownNames == UnknownNames.REFUSE

    /** The time of the last failure that was logged as an error. */
    @Volatile
    private var toldAt: Long? = null

    init {
        val given = options.context
        require(given != null || options.identities.isNotEmpty()) {
            "tls has no certificate: give it certificate(chain, key)"
        }
        require(given == null || !refusesUnknown) {
            "unknownNames is REFUSE, which needs identity(...): the context of sslContext(...) " +
                "does not tell its names"
        }
        val asked = options.clientCertificates
        val isTrustChosen = given != null || options.trust != null
        require(asked == ClientCertificates.NONE || isTrustChosen) {
            "clientCertificates is $asked, which needs trust(...): the authorities of the clients"
        }
        contexts = if (given != null) {
            listOf(SslContexts(null, null, given))
        } else {
            // Without a manager the platform would read all its authorities from a file.
            val trust = options.trust ?: TrustsNobody
            options.identities.map { SslContexts(it.source, trust, null) }
        }
        // Here and not at the first client: it tells mistakes in the options, and takes some time.
        for (context in contexts) engine(context.context())
    }

    /**
     * Secures [transport], a connection that was accepted and not started.
     *
     * @param opened completes when the handshake is done, or fails as it does
     */
    fun secure(transport: Transport, opened: CompletableDeferred<Unit>? = null): TlsTransport =
        TlsTransport(transport, Opening(transport.loop), opened, serverTlsTasks)

    /** Returns the engine for a client that asks for [name], or null if the name is refused. */
    private fun engineFor(name: String?): SSLEngine? {
        val found = name?.let(::find)
        if (found == null && refusesUnknown) return null
        return engine((found ?: contexts.first()).context())
    }

    /** A wildcard stands for one label (RFC 6125 section 6.4.3). */
    private fun find(name: String): SslContexts? {
        val byName = names().byName
        return byName[name] ?: byName["*." + name.substringAfter('.', "")]
    }

    /** The contexts by the names that they serve while [identities] are the current ones. */
    private class Names(val identities: List<TlsIdentity?>, val byName: Map<String, SslContexts>)

    /** Returns the names, which change when an identity is loaded anew. */
    private fun names(): Names {
        if (options.context != null) return names
        val current = options.identities.map {
            if (it.names ==
                null
            ) {
                it.source.identity()
            } else {
                null
            }
        }
        val known = names
        val isCurrent = known.identities.size == current.size &&
            current.indices.all { known.identities[it] === current[it] }
        return if (isCurrent) known else names(current).also { names = it }
    }

    private fun names(identities: List<TlsIdentity?>): Names {
        val byName = HashMap<String, SslContexts>()
        identities.forEachIndexed { index, identity ->
            val served = identity?.names ?: options.identities[index].names!!
            // The certificate that was given first serves a name that several have.
            for (name in served) if (name !in byName) byName[name] = contexts[index]
        }
        return Names(identities, byName)
    }

    private fun engine(context: SSLContext): SSLEngine {
        val engine = context.createSSLEngine()
        engine.useClientMode = false
        val parameters = engine.configure(options)
        when (options.clientCertificates) {
            ClientCertificates.NONE -> Unit
            ClientCertificates.WANT -> parameters.wantClientAuth = true
            ClientCertificates.NEED -> parameters.needClientAuth = true
        }
        engine.sslParameters = parameters
        return engine
    }

    /** Every client can cause such a failure: one in a while is an error with its stack. */
    private fun tell(failure: Exception, name: String?, now: Long) {
        val last = toldAt
        if (last != null && now - last < SILENCE) {
            logger.debug { "no TLS context for $name: $failure".onOneLine() }
        } else {
            toldAt = now
            logger.error(failure) {
                "no TLS context for $name; for a while, further ones are DEBUG"
            }
        }
    }

    private inner class Opening(private val loop: Loop) : TlsOpening {
        private var reader: ClientHelloReader? = ClientHelloReader()

        @Volatile
        override var serverName: String? = null
            private set

        override val weight: Int get() = reader?.weight ?: 0

        override fun begin(): SSLEngine? = null

        override fun read(input: ByteBuffer): SSLEngine? {
            val first = reader?.read(input) ?: return null
            reader = null
            return when (first) {
                is FirstBytes.Hello -> engine(first.serverName)

                is FirstBytes.PlainHttp ->
                    throw TlsRefusal("plain HTTP on a port of TLS", Reason.NO_TLS, PLAIN_HTTP)

                is FirstBytes.Malformed -> throw refusal(first.reason, first.alert, Reason.OTHER)
            }
        }

        private fun engine(name: String?): SSLEngine {
            serverName = name
            val engine = try {
                engineFor(name)
            } catch (failure: Exception) {
                // The application's source of contexts or identities failed.
                tell(failure, name, loop.nanoTime())
                throw refusal("no TLS context", ClientHelloReader.INTERNAL_ERROR, Reason.OTHER)
            }
            return engine ?: throw refusal(
                "no certificate for the name $name",
                ClientHelloReader.UNRECOGNIZED_NAME,
                Reason.UNKNOWN_NAME,
            )
        }

        private fun refusal(reason: String, alert: Int, kind: Reason) =
            TlsRefusal(reason, kind, ClientHelloReader.alertRecord(alert))

        override fun explain(failure: Exception): TlsFailure = TlsFailure(
            "TLS failed: ${failure.message ?: failure}".onOneLine(),
            Reason.OTHER,
            failure,
        )
    }

    private companion object {
        /** In nanoseconds, a minute. */
        const val SILENCE = 60_000_000_000L
        val PLAIN_HTTP: ByteArray = HttpResponse(
            HttpStatus.BAD_REQUEST,
            headers = headersOf("Content-Type" to "text/plain; charset=utf-8"),
            body = "This port speaks TLS: use wss:// or https://.\n".encodeToByteArray(),
        ).toBytes()
    }
}

/** The trust of a server that asks for no certificates. */
internal object TrustsNobody : X509TrustManager {
    override fun checkClientTrusted(chain: Array<X509Certificate>, type: String): Unit =
        throw CertificateException("no certificate is accepted")

    override fun checkServerTrusted(chain: Array<X509Certificate>, type: String): Unit =
        checkClientTrusted(chain, type)

    override fun getAcceptedIssuers(): Array<X509Certificate> = emptyArray()
}
