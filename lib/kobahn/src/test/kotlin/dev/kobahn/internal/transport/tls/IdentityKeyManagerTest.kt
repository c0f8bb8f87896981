package dev.kobahn.internal.transport.tls

import dev.kobahn.tls.TlsIdentity
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.security.Principal
import java.security.PrivateKey
import java.security.interfaces.ECPrivateKey
import javax.security.auth.x500.X500Principal

class IdentityKeyManagerTest :
    FunSpec({
        val key = InHardware(Certificates.server.privateKey)
        val identity = TlsIdentity.of(key, Certificates.server.certificates)
        val manager = IdentityKeyManager(identity)
        val alias = manager.chooseEngineServerAlias("EC", null, null)

        test("a key that has no encoded form is handed out as it is, with its certificates") {
            manager.getPrivateKey(alias) shouldBeSameInstanceAs key
            manager.getCertificateChain(alias)!!.toList() shouldBe identity.certificates
            manager.getPrivateKey("another").shouldBeNull()
            manager.getCertificateChain("another").shouldBeNull()
        }

        test("the type of the key decides whether a server or a client offers it") {
            with(manager) {
                for (type in listOf("RSA", "EdDSA", "EC_RSA", null)) {
                    chooseEngineServerAlias(type, null, null).shouldBeNull()
                    chooseServerAlias(type, null, null).shouldBeNull()
                    getServerAliases(type, null).shouldBeNull()
                    getClientAliases(type, null).shouldBeNull()
                }
                chooseServerAlias("EC", null, null) shouldBe alias
                getServerAliases("EC", null)!!.single() shouldBe alias
                getClientAliases("EC", null)!!.single() shouldBe alias
                chooseEngineClientAlias(arrayOf("RSA", "EC"), null, null) shouldBe alias
                chooseClientAlias(arrayOf("EC"), null, null) shouldBe alias
                chooseClientAlias(arrayOf("RSA"), null, null).shouldBeNull()
                chooseEngineClientAlias(null, null, null).shouldBeNull()
            }
        }

        test("a client offers its certificate only to a peer that accepts one of its issuers") {
            val issuer = Certificates.authority.certificate.subjectX500Principal
            fun choose(vararg issuers: Principal) =
                manager.chooseEngineClientAlias(arrayOf("EC"), arrayOf(*issuers), null)
            choose() shouldBe alias
            choose(X500Principal("CN=another")).shouldBeNull()
            choose(X500Principal("CN=another"), issuer) shouldBe alias
        }

        test("a key is renamed for its certificate if its provider calls it by another name") {
            val renamed = object : ECPrivateKey by Certificates.server.privateKey as ECPrivateKey {
                override fun getAlgorithm() = "ECDSA"
            }
            val same = TlsIdentity.of(renamed, Certificates.server.certificates)
            IdentityKeyManager(same).getPrivateKey(alias)!!.algorithm shouldBe "EC"
        }

        test("a key that cannot be renamed is handed out as it is") {
            val hidden = object : PrivateKey {
                override fun getAlgorithm() = "ECDSA"

                override fun getFormat() = null

                override fun getEncoded() = null
            }
            val same = TlsIdentity.of(hidden, Certificates.server.certificates)
            IdentityKeyManager(same).getPrivateKey(alias) shouldBeSameInstanceAs hidden
        }
    })
