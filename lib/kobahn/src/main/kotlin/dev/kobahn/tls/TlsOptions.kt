package dev.kobahn.tls

import dev.kobahn.WebSocketDsl
import java.io.File
import java.security.KeyStore
import java.util.function.Supplier
import javax.net.ssl.SSLContext
import javax.net.ssl.TrustManagerFactory
import javax.net.ssl.X509TrustManager

/**
 * The options of TLS that servers and clients share. They take effect when the server or client is
 * made or starts; later changes have none. Not thread-safe.
 */
@WebSocketDsl
public sealed class TlsOptions {
    /**
     * The accepted versions of TLS, by the names of the JDK. Those that the platform does not have
     * are left out; if it has none of them, starting or connecting fails. Default: TLS 1.3 and 1.2.
     */
    public var protocols: List<String> = listOf("TLSv1.3", "TLSv1.2")
        set(value) {
            require(value.isNotEmpty()) { "protocols is empty, must be one or more" }
            field = value.toList()
        }

    /** The accepted cipher suites, by the names of the JDK. Empty, the default: those of the JDK. */
    public var cipherSuites: List<String> = emptyList()
        set(value) {
            field = value.toList()
        }

    internal var context: Supplier<SSLContext>? = null
        private set

    internal var trust: X509TrustManager? = null
        private set

    /** Takes all values of [other]. */
    internal fun take(other: TlsOptions) {
        protocols = other.protocols
        cipherSuites = other.cipherSuites
        context = other.context
        trust = other.trust
    }

    /**
     * Takes the [SSLContext] from [source], for other providers of TLS (such as Conscrypt), or for
     * keys in hardware. Identities and trust of these options are ignored then. The function is
     * called for each handshake, on an event loop: it must not block, and should return the same
     * object until something has changed, so that sessions can be resumed. The keys of a client's
     * context are offered to every server that asks for a certificate, `https` proxies and the
     * targets of redirects among them.
     *
     * A client verifies the host's name itself then, whatever the context does: the certificate must
     * have it as an alternative name, the common name does not count.
     */
    public fun sslContext(source: Supplier<SSLContext>) {
        context = source
    }

    /**
     * Trusts the authorities whose certificates are in [file], in PEM, and no others. Blocks. Uses
     * that OpenSSL's `TRUSTED CERTIFICATE` allows or rejects do not count.
     *
     * @throws PemException if the file cannot be read
     */
    public fun trust(file: File) {
        val store = KeyStore.getInstance(KeyStore.getDefaultType())
        store.load(null)
        Pem.of(file).certificates().forEachIndexed { index, certificate ->
            store.setCertificateEntry("$index", certificate)
        }
        trust(store)
    }

    /** Trusts the certificates in [keyStore], and no others. */
    public fun trust(keyStore: KeyStore) {
        val factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
        factory.init(keyStore)
        trust(factory.trustManagers.filterIsInstance<X509TrustManager>().first())
    }

    /**
     * Lets [manager] decide which certificates are trusted. It is called off the event loop, on a few
     * threads that all clients share, or all servers: handshakes wait while it asks the network.
     *
     * A client verifies the host's name besides, also if [manager] is an `X509ExtendedTrustManager`:
     * then the certificate must have it as an alternative name, the common name does not count.
     */
    public fun trust(manager: X509TrustManager) {
        trust = manager
    }
}

/**
 * TLS of a server: the block `tls { }` of [dev.kobahn.WebSocketServerOptions].
 *
 * ```
 * tls { certificate(File("chain.pem"), File("key.pem")) }
 * ```
 *
 * With several certificates the client's name (SNI) decides: each serves the names in it, or those
 * given with it.
 */
public class TlsServerOptions internal constructor() : TlsOptions() {
    internal val identities = ArrayList<NamedIdentity>()

    /** An identity with the names that it serves, or null for those in its certificate. */
    internal class NamedIdentity(val source: TlsIdentitySource, val names: List<String>?)

    /** A server's use of certificates of clients. */
    public enum class ClientCertificates {
        /** Clients are not asked for a certificate. */
        NONE,

        /** Clients are asked for one and may have none. One that is not trusted ends the handshake. */
        WANT,

        /** Clients must have one that is trusted. */
        NEED,
    }

    /** A server's answer to a name that no certificate serves. */
    public enum class UnknownNames {
        /** The first certificate is used, and the client may refuse it. */
        DEFAULT,

        /** The handshake ends with the alert `unrecognized_name` (RFC 6066 section 3). */
        REFUSE,
    }

    /**
     * Whether clients need a certificate. Those of the authorities in [trust] are accepted, and
     * without [trust] or [sslContext] the server does not start: those of any public authority must
     * not be enough. Default: NONE.
     *
     * A client that resumes its session is not judged again, for up to a day: to lock out a revoked
     * certificate at once, check `transportDetails` in the handler.
     */
    public var clientCertificates: ClientCertificates = ClientCertificates.NONE

    /**
     * The answer to a client that asks for a name which no certificate serves, or for none. With
     * [sslContext] only DEFAULT is possible. Default: DEFAULT.
     */
    public var unknownNames: UnknownNames = UnknownNames.DEFAULT

    /**
     * Adds a certificate from files in PEM, see [TlsIdentity.fromPem]. The first one is the default.
     * Blocks.
     *
     * @throws PemException if a file cannot be read
     */
    @JvmOverloads
    public fun certificate(chain: File, key: File, password: String? = null) {
        identity(TlsIdentity.fromPem(chain, key, password))
    }

    /**
     * Adds a certificate. The first one is the default.
     *
     * @param names the names that it serves, in place of those in the current certificate:
     * `example.com`, or `*.example.com` for all names with one label in front
     */
    public fun identity(source: TlsIdentitySource, vararg names: String) {
        for (name in names) require(isName(name)) { "name is $name, must be a.b or *.a.b" }
        val served = names.map { it.lowercase() }.takeIf { it.isNotEmpty() }
        identities.add(NamedIdentity(source, served))
    }

    internal fun copy(): TlsServerOptions = TlsServerOptions().also { copy ->
        copy.take(this)
        copy.identities.addAll(identities)
        copy.clientCertificates = clientCertificates
        copy.unknownNames = unknownNames
    }

    /** A name with a dot at its end would match no client: they leave that dot out. */
    private fun isName(name: String) = name.removePrefix("*.").split('.').all { label ->
        label.isNotEmpty() && label.all { it.code in 33..126 && it != '*' }
    }
}

/**
 * TLS of a client, for `wss` URLs: the block `tls { }` of [dev.kobahn.WebSocketClientOptions].
 * Without it the authorities of the platform are trusted, and the host's name is verified.
 */
public class TlsClientOptions internal constructor() : TlsOptions() {
    internal var identity: TlsIdentitySource? = null
        private set

    /**
     * The name that the server is asked for (SNI) and that its certificate must have, or null for
     * the host of the URL. It does not count for proxies, nor after a redirect to another server.
     * Default: null.
     */
    public var serverName: String? = null

    /**
     * Whether a certificate is accepted that is for another host: anybody with a trusted certificate
     * for any host can then read and change the traffic. To reach a server by another name,
     * [serverName] is safer. Default: false.
     */
    public var dangerouslyAcceptAnyHostname: Boolean = false

    /**
     * Whether any certificate is accepted, for any host: everybody on the way can then read and
     * change the traffic. For tests; `trust(file)` with the certificate of the server is as simple.
     * Default: false.
     */
    public var dangerouslyTrustAnyCertificate: Boolean = false

    /**
     * Sets the client's own certificate from files in PEM, for servers that ask for one. Proxies do
     * not get it, nor does another server after a redirect. Blocks.
     *
     * @throws PemException if a file cannot be read
     */
    @JvmOverloads
    public fun certificate(chain: File, key: File, password: String? = null) {
        identity(TlsIdentity.fromPem(chain, key, password))
    }

    /** Sets the client's own certificate, like [certificate]. */
    public fun identity(source: TlsIdentitySource) {
        identity = source
    }

    internal fun copy(): TlsClientOptions = TlsClientOptions().also { copy ->
        copy.take(this)
        copy.identity = identity
        copy.serverName = serverName
        copy.dangerouslyAcceptAnyHostname = dangerouslyAcceptAnyHostname
        copy.dangerouslyTrustAnyCertificate = dangerouslyTrustAnyCertificate
    }
}
