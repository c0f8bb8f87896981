package dev.kobahn.tls

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.io.File
import kotlin.io.encoding.Base64

/** The files below are of OpenSSL 3. */
class PemTest :
    FunSpec({
        test("a chain has its certificates in order, whatever stands between them") {
            val text = text("ec.crt") + "\nsubject=CN = somebody\n" + text("rsa.crt")
            Pem("it", text).certificates().map { it.subjectX500Principal.name } shouldContainExactly
                listOf("CN=ec.example", "CN=rsa.example")
        }

        for ((key, certificate) in listOf(
            "rsa8.pem" to "rsa.crt",
            "rsa1.pem" to "rsa.crt",
            "ec8.pem" to "ec.crt",
            "ec1.pem" to "ec.crt",
            "ed.pem" to "ed.crt",
        )) {
            test("$key is read and belongs to $certificate") {
                TlsIdentity.fromPem(path(certificate), path(key)).certificates.size shouldBe 1
            }
        }

        test("an EC key behind its parameters is read") {
            Pem("it", text("ec1params.pem")).privateKey(null).algorithm shouldBe "EC"
        }

        for (key in listOf("rsa8enc.pem", "ec8enc1.pem")) {
            test("$key is decrypted by its password only") {
                Pem(key, text(key)).privateKey("secret".toCharArray()).format shouldBe "PKCS#8"
                shouldThrow<PemException> { Pem(key, text(key)).privateKey("wrong".toCharArray()) }
                    .message shouldContain "is the password right?"
                shouldThrow<PemException> { Pem(key, text(key)).privateKey(null) }.message shouldBe
                    "$key: the private key is encrypted, and there is no password"
            }
        }

        test("an encryption that the JDK does not have is refused with the command that converts") {
            val failure = shouldThrow<PemException> {
                Pem("k", text("ec8enc.pem")).privateKey("secret".toCharArray())
            }
            failure.message shouldContain "openssl pkcs8 -topk8 -v2 aes-256-cbc"
        }

        test("a cipher that the platform does not have is not taken for a wrong password") {
            // PBES1 with MD2 and DES (RFC 8018 appendix A.3).
            val encrypted =
                "302d 301b 0609 2a864886f70d010501 300e 0408 0000000000000000 0202 0800" +
                    "040e 0000000000000000000000000000"
            val bytes = encrypted.replace(" ", "").hexToByteArray()
            val text = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n${Base64.encode(bytes)}\n" +
                "-----END ENCRYPTED PRIVATE KEY-----"
            shouldThrow<PemException> { Pem("k", text).privateKey("secret".toCharArray()) }
                .message shouldContain "openssl pkcs8 -topk8 -v2 aes-256-cbc"
        }

        test("a key in the old encrypted form is refused with the command that converts it") {
            shouldThrow<PemException> {
                Pem("old.pem", text("rsaold.pem")).privateKey("secret".toCharArray())
            }.message shouldBe "old.pem: the key is encrypted in the old form of OpenSSL; " +
                "convert it: openssl pkcs8 -topk8 -in key.pem -out new.pem"
        }

        test("a file that cannot be read, or has nothing of the kind, is named with what it has") {
            shouldThrow<PemException> { Pem.of(File("/none.pem")) }.message shouldStartWith
                "/none.pem: cannot be read"
            shouldThrow<PemException> { Pem.of(path("rsa.crt")).privateKey(null) }.message!!
                .removePrefix("${path("rsa.crt")}: ") shouldBe
                "has no PRIVATE KEY, only [CERTIFICATE]"
            shouldThrow<PemException> { Pem("x", "hello").certificates() }.message shouldBe
                "x: has no CERTIFICATE, nothing in PEM"
        }

        test("damaged files are told apart from wrong ones") {
            fun block(type: String, body: String) =
                "-----BEGIN $type-----\n$body\n-----END $type-----"
            for (body in listOf("AAAA", "MIIB", "!!!", "")) {
                shouldThrow<PemException> { Pem("x", block("CERTIFICATE", body)).certificates() }
                    .message shouldContain "damaged"
                for (type in listOf("PRIVATE KEY", "RSA PRIVATE KEY")) {
                    shouldThrow<PemException> { Pem("x", block(type, body)).privateKey(null) }
                        .message shouldContain "damaged"
                }
                shouldThrow<PemException> {
                    Pem("x", block("EC PRIVATE KEY", body)).privateKey(null)
                }
                    .message shouldContain "openssl pkcs8"
            }
            shouldThrow<PemException> {
                Pem("x", block("DSA PRIVATE KEY", "AAAA")).privateKey(null)
            }
                .message shouldContain "openssl pkcs8"
        }

        test("a key that is not that of the certificate is refused, by both names") {
            for (other in listOf("ec1params.pem", "rsa8.pem")) {
                val failure = shouldThrow<PemException> {
                    TlsIdentity.fromPem(path("ec.crt"), path(other))
                }
                failure.message shouldContain other
                failure.message shouldContain "ec.crt"
            }
        }

        test("the names of an identity are those in the certificate, or its common name") {
            TlsIdentity.fromPem(path("ec.crt"), path("ec8.pem")).names shouldContainExactly
                listOf("ec.example", "*.ec.example")
            TlsIdentity.fromPem(path("rsa.crt"), path("rsa8.pem")).names shouldContainExactly
                listOf("rsa.example")
        }
    })

private fun path(name: String) = File(PemTest::class.java.getResource(name)!!.toURI())

private fun text(name: String) = path(name).readText()
