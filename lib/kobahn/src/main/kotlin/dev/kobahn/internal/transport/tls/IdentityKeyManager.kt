package dev.kobahn.internal.transport.tls

import dev.kobahn.tls.TlsIdentity
import java.net.Socket
import java.security.GeneralSecurityException
import java.security.KeyFactory
import java.security.Principal
import java.security.PrivateKey
import java.security.cert.X509Certificate
import java.security.spec.PKCS8EncodedKeySpec
import javax.net.ssl.SSLEngine
import javax.net.ssl.X509ExtendedKeyManager

/**
 * Offers one identity to engines. It takes the key as it is: a key store would encrypt it, which
 * costs some 200 ms for each certificate, and refuses keys that do not leave their hardware.
 */
internal class IdentityKeyManager(identity: TlsIdentity) : X509ExtendedKeyManager() {
    private val chain = identity.certificates
    private val algorithm = chain.first().publicKey.algorithm
    private val key = named(identity.privateKey, algorithm)
    private val issuers = chain.mapTo(HashSet<Principal>()) { it.issuerX500Principal }

    override fun chooseEngineServerAlias(
        type: String?,
        issuers: Array<Principal>?,
        engine: SSLEngine?,
    ): String? = ALIAS.takeIf { fits(type, issuers) }

    override fun chooseServerAlias(type: String?, issuers: Array<Principal>?, socket: Socket?) =
        chooseEngineServerAlias(type, issuers, null)

    override fun getServerAliases(type: String?, issuers: Array<Principal>?): Array<String>? =
        aliases(fits(type, issuers))

    override fun chooseEngineClientAlias(
        types: Array<String>?,
        issuers: Array<Principal>?,
        engine: SSLEngine?,
    ): String? = ALIAS.takeIf { types.orEmpty().any { fits(it, issuers) } }

    override fun chooseClientAlias(
        types: Array<String>?,
        issuers: Array<Principal>?,
        socket: Socket?,
    ): String? = chooseEngineClientAlias(types, issuers, null)

    override fun getClientAliases(type: String?, issuers: Array<Principal>?): Array<String>? =
        aliases(fits(type, issuers))

    override fun getCertificateChain(alias: String?): Array<X509Certificate>? =
        if (alias == ALIAS) chain.toTypedArray() else null

    override fun getPrivateKey(alias: String?): PrivateKey? = key.takeIf { alias == ALIAS }

    private fun aliases(fits: Boolean) = if (fits) arrayOf(ALIAS) else null

    /** A peer that names no [accepted] issuers takes any (RFC 8446 section 4.2.4). */
    private fun fits(type: String?, accepted: Array<Principal>?) =
        type == algorithm && (accepted.isNullOrEmpty() || accepted.any { it in issuers })

    private companion object {
        const val ALIAS = "identity"

        /**
         * Returns [key] with the name [algorithm], which engines compare: BouncyCastle calls keys of
         * elliptic curves ECDSA and not EC. A key that cannot be made anew stays as it is.
         */
        fun named(key: PrivateKey, algorithm: String): PrivateKey {
            if (key.algorithm == algorithm) return key
            val encoded = key.encoded ?: return key
            return try {
                KeyFactory.getInstance(algorithm).generatePrivate(PKCS8EncodedKeySpec(encoded))
            } catch (_: GeneralSecurityException) {
                key
            }
        }
    }
}
