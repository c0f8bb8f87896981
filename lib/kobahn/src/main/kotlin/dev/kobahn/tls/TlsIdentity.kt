package dev.kobahn.tls

import java.io.File
import java.security.GeneralSecurityException
import java.security.KeyStore
import java.security.PrivateKey
import java.security.Signature
import java.security.cert.CertificateParsingException
import java.security.cert.X509Certificate

/**
 * Gives the certificate for each TLS handshake. [TlsIdentity] always gives itself;
 * [ReloadableTlsIdentity] can be changed while a server runs.
 */
public fun interface TlsIdentitySource {
    /**
     * Returns the certificate for the next handshake. Called on an event loop, so it must not block:
     * load files elsewhere. The same object should be returned as long as nothing has changed,
     * because sessions can be resumed only with the same object.
     */
    public fun identity(): TlsIdentity
}

/**
 * A certificate with its private key, by which a server or a client proves its identity. Immutable
 * and safe to share.
 */
public class TlsIdentity private constructor(
    internal val privateKey: PrivateKey,
    /** The certificate, followed by those that issued it. */
    public val certificates: List<X509Certificate>,
) : TlsIdentitySource {
    /**
     * The names of the host in the certificate (its DNS names, wildcards included, or else the
     * common name of its subject), in lower case.
     */
    public val names: List<String> = namesOf(certificates.first())

    override fun identity(): TlsIdentity = this

    /** Returns the subject of the certificate and the end of its validity. */
    override fun toString(): String = certificates.first().let {
        "${it.subjectX500Principal} until ${it.notAfter}"
    }

    /** Reads identities. */
    public companion object {
        private const val DNS_NAME = 2
        private val COMMON_NAME = Regex("(?:^|,)\\s*CN=([^,+]+)", RegexOption.IGNORE_CASE)

        /**
         * Reads a chain of certificates and a private key from files in PEM, as Let's Encrypt and
         * OpenSSL write them. The key may be in PKCS#8, plain or encrypted (PBES2), in PKCS#1
         * (`RSA PRIVATE KEY`) or in SEC 1 (`EC PRIVATE KEY`). Both may be in one file. Blocks.
         *
         * @param password decrypts the key if it is encrypted
         * @throws PemException if a file cannot be read; it names the file and the problem
         */
        @JvmStatic
        @JvmOverloads
        public fun fromPem(chain: File, key: File, password: String? = null): TlsIdentity {
            val certificates = Pem.of(chain).certificates()
            val characters = password?.toCharArray()
            val privateKey = try {
                Pem.of(key).privateKey(characters)
            } finally {
                characters?.fill('\u0000')
            }
            checkPair(chain, key, privateKey, certificates.first())
            return TlsIdentity(privateKey, certificates)
        }

        /** Finds the most frequent mistake, two files that do not belong together, before a client does. */
        private fun checkPair(chain: File, key: File, own: PrivateKey, leaf: X509Certificate) {
            if (own.algorithm == leaf.publicKey.algorithm && !belongTogether(own, leaf)) {
                throw PemException("$key: is not the key of the first certificate in $chain")
            }
            if (own.algorithm != leaf.publicKey.algorithm && own.algorithm in listOf("RSA", "EC")) {
                throw PemException(
                    "$key: has an ${own.algorithm} key, but the first certificate in $chain has " +
                        "one of ${leaf.publicKey.algorithm}",
                )
            }
        }

        private fun belongTogether(key: PrivateKey, certificate: X509Certificate): Boolean {
            val algorithm = when (key.algorithm) {
                "RSA" -> "SHA256withRSA"
                "EC" -> "SHA256withECDSA"
                else -> return true
            }
            val text = byteArrayOf(1, 2, 3)
            return try {
                val signature = Signature.getInstance(algorithm).run {
                    initSign(key)
                    update(text)
                    sign()
                }
                Signature.getInstance(algorithm).run {
                    initVerify(certificate.publicKey)
                    update(text)
                    verify(signature)
                }
            } catch (_: GeneralSecurityException) {
                // A key in hardware may not allow this signature.
                true
            }
        }

        /**
         * Takes the private key with the name [alias], or the only one, and its certificates from
         * [keyStore].
         *
         * @param password of the key
         * @throws IllegalArgumentException if there is no such key, or more than one without [alias]
         */
        @JvmStatic
        @JvmOverloads
        public fun fromKeyStore(
            keyStore: KeyStore,
            password: CharArray?,
            alias: String? = null,
        ): TlsIdentity {
            val keys = keyStore.aliases().toList().filter(keyStore::isKeyEntry)
            val name = alias ?: keys.singleOrNull()
                ?: throw IllegalArgumentException("the key store has keys $keys: name one of them")
            val key = keyStore.getKey(name, password) as? PrivateKey
                ?: throw IllegalArgumentException(
                    "the key store has no private key $name, but $keys",
                )
            val chain = keyStore.getCertificateChain(name).orEmpty()
            return of(key, chain.filterIsInstance<X509Certificate>())
        }

        /** Joins a key and its certificates, [certificates] beginning with that of the key. */
        @JvmStatic
        public fun of(key: PrivateKey, certificates: List<X509Certificate>): TlsIdentity {
            require(certificates.isNotEmpty()) { "an identity needs a certificate" }
            return TlsIdentity(key, certificates.toList())
        }

        private fun namesOf(certificate: X509Certificate): List<String> {
            val alternatives = try {
                certificate.subjectAlternativeNames.orEmpty()
            } catch (_: CertificateParsingException) {
                emptyList()
            }
            val names = alternatives.filter { it[0] == DNS_NAME }.map { "${it[1]}".lowercase() }
            if (names.isNotEmpty()) return names
            val subject = certificate.subjectX500Principal.name
            return listOfNotNull(
                COMMON_NAME.find(subject)?.groupValues?.get(1)?.trim()?.lowercase(),
            )
        }
    }
}

/**
 * An identity that can be loaded anew while a server runs. Open connections keep the old
 * certificate, and each handshake after [reload] uses the new one. Thread-safe.
 *
 * ```
 * val identity = ReloadableTlsIdentity { TlsIdentity.fromPem(File("chain.pem"), File("key.pem")) }
 * val server = webSocketServer { tls { identity(identity) } … }
 * // after the renewal of the certificate:
 * identity.reload()
 * ```
 *
 * @param load reads the identity; called by the constructor and by [reload]
 */
public class ReloadableTlsIdentity(private val load: TlsIdentitySource) : TlsIdentitySource {
    @Volatile
    private var current: TlsIdentity = load.identity()

    override fun identity(): TlsIdentity = current

    /**
     * Loads the identity anew. If that fails, the old one stays in use and this throws the exception
     * of the loader. Blocks as the loader does.
     */
    public fun reload() {
        current = load.identity()
    }
}
