package dev.kobahn.tls

import java.io.ByteArrayInputStream
import java.io.File
import java.io.IOException
import java.security.AlgorithmParameters
import java.security.GeneralSecurityException
import java.security.KeyFactory
import java.security.NoSuchAlgorithmException
import java.security.PrivateKey
import java.security.cert.CertificateFactory
import java.security.cert.X509Certificate
import java.security.spec.KeySpec
import java.security.spec.PKCS8EncodedKeySpec
import javax.crypto.Cipher
import javax.crypto.EncryptedPrivateKeyInfo
import javax.crypto.SecretKeyFactory
import javax.crypto.spec.PBEKeySpec
import kotlin.io.encoding.Base64

/**
 * Certificates and private keys in PEM (RFC 7468), read by the JDK alone. Failures are
 * [PemException]s that begin with [name], the place of the text.
 */
internal class Pem(private val name: String, text: String) {
    private val blocks: List<Block> = BLOCK.findAll(text)
        .map { Block(it.groupValues[1], it.groupValues[2]) }.toList()

    private inner class Block(val type: String, val content: String) {
        val bytes: ByteArray
            get() = try {
                Base64.Mime.decode(content)
            } catch (failure: IllegalArgumentException) {
                throw failed("the $type is not Base64: it is damaged", failure)
            }
    }

    /** Returns all certificates, in order; at least one. */
    fun certificates(): List<X509Certificate> {
        val found = blocks.filter { it.type in CERTIFICATES }
        if (found.isEmpty()) throw lacks("CERTIFICATE")
        return found.map(::certificate)
    }

    private fun certificate(block: Block): X509Certificate = try {
        // Some providers return null for an empty block.
        CertificateFactory.getInstance("X.509")
            .generateCertificate(ByteArrayInputStream(block.bytes)) as X509Certificate?
            ?: throw damagedCertificate()
    } catch (failure: GeneralSecurityException) {
        throw damagedCertificate(failure)
    }

    private fun damagedCertificate(cause: Exception? = null) =
        failed("a certificate cannot be read: it is damaged", cause)

    /** Returns the first private key. [password] decrypts it if it is encrypted. */
    fun privateKey(password: CharArray?): PrivateKey {
        val block = blocks.firstOrNull { it.type.endsWith("PRIVATE KEY") }
            ?: throw lacks("PRIVATE KEY")
        if ("ENCRYPTED" in block.content.lineSequence().firstOrNull { it.isNotBlank() }.orEmpty()) {
            throw old("encrypted in the old form of OpenSSL")
        }
        return when (block.type) {
            "PRIVATE KEY" -> key(block.bytes)

            "ENCRYPTED PRIVATE KEY" -> decrypted(block.bytes, password).let { bytes ->
                try {
                    key(bytes)
                } finally {
                    bytes.fill(0)
                }
            }

            "RSA PRIVATE KEY" -> key(Der.pkcs8(Der.RSA, block.bytes))

            "EC PRIVATE KEY" -> key(ec(block.bytes))

            else -> throw old("a ${block.type}")
        }
    }

    private fun key(pkcs8: ByteArray): PrivateKey {
        val spec = PKCS8EncodedKeySpec(pkcs8)
        for (algorithm in ALGORITHMS) return key(algorithm, spec) ?: continue
        throw failed("the private key cannot be read: it is damaged, or of an unknown kind")
    }

    private fun key(algorithm: String, spec: KeySpec): PrivateKey? = try {
        KeyFactory.getInstance(algorithm).generatePrivate(spec)
    } catch (_: GeneralSecurityException) {
        null
    }

    private fun ec(sec1: ByteArray): ByteArray {
        val curve = Der.curve(sec1) ?: throw old("an EC PRIVATE KEY without its curve")
        return Der.pkcs8(Der.ec(curve), sec1)
    }

    private fun decrypted(encrypted: ByteArray, password: CharArray?): ByteArray {
        if (password == null) throw failed("the private key is encrypted, and there is no password")
        val spec = PBEKeySpec(password)
        try {
            val info = EncryptedPrivateKeyInfo(encrypted)
            val parameters: AlgorithmParameters? = info.algParameters
            // The parameters of PBES2 tell the whole algorithm; its own name does not.
            val algorithm = if (info.algName in PBES2) "$parameters" else info.algName
            val key = SecretKeyFactory.getInstance(algorithm).generateSecret(spec)
            val cipher = Cipher.getInstance(algorithm)
            cipher.init(Cipher.DECRYPT_MODE, key, parameters)
            return info.getKeySpec(cipher).encoded
        } catch (failure: NoSuchAlgorithmException) {
            throw unknownCipher(failure)
        } catch (failure: GeneralSecurityException) {
            throw failed("the private key cannot be decrypted: is the password right?", failure)
        } catch (failure: IOException) {
            throw unknownCipher(failure)
        } finally {
            spec.clearPassword()
        }
    }

    private fun unknownCipher(cause: Exception) = failed(
        "the private key is damaged, or encrypted in a way that this platform does not know; " +
            "convert it: openssl pkcs8 -topk8 -v2 aes-256-cbc -in key.pem -out new.pem",
        cause,
    )

    private fun lacks(type: String): PemException {
        val other = blocks.map { it.type }.distinct()
        val has = if (other.isEmpty()) "nothing in PEM" else "only $other"
        return failed("has no $type, $has")
    }

    private fun old(kind: String): PemException =
        failed("the key is $kind; convert it: openssl pkcs8 -topk8 -in key.pem -out new.pem")

    private fun failed(problem: String, cause: Exception? = null) =
        PemException("$name: $problem", cause)

    companion object {
        private val BLOCK = Regex("-----BEGIN ([A-Z0-9 ]+)-----([\\s\\S]*?)-----END \\1-----")
        private val CERTIFICATES = setOf("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")
        private val ALGORITHMS = listOf("RSA", "EC", "Ed25519", "Ed448", "RSASSA-PSS", "DSA")
        private val PBES2 = setOf("PBES2", "1.2.840.113549.1.5.13")

        /** The most that a file may have. All authorities of a system are some 250 KiB. */
        private const val LONGEST = 16L * 1024 * 1024

        /** Reads [file]. Throws [PemException], which names it. Blocks. */
        fun of(file: File): Pem {
            if (file.length() > LONGEST) throw PemException("$file: is too long for PEM")
            val text = try {
                file.readText(Charsets.ISO_8859_1)
            } catch (failure: IOException) {
                throw PemException("$file: cannot be read: ${failure.message}", failure)
            }
            return Pem("$file", text)
        }
    }
}

/** The little that PKCS#8 (RFC 5208) has around the keys of PKCS#1 and SEC 1, in DER. */
private object Der {
    private const val SEQUENCE = 0x30
    private const val OCTET_STRING = 0x04
    private const val OBJECT_ID = 0x06
    private const val CURVE = 0xA0
    private const val LONG = 0x80
    private const val BYTE = 0xFF
    private const val BITS = 8

    private val VERSION = byteArrayOf(2, 1, 0)

    /** rsaEncryption (1.2.840.113549.1.1.1) without parameters. */
    val RSA = byteArrayOf(6, 9, 42, -122, 72, -122, -9, 13, 1, 1, 1, 5, 0)

    /** id-ecPublicKey (1.2.840.10045.2.1). */
    private val EC = byteArrayOf(6, 7, 42, -122, 72, -50, 61, 2, 1)

    fun ec(curve: ByteArray): ByteArray = EC + curve

    fun pkcs8(algorithm: ByteArray, key: ByteArray): ByteArray = element(
        SEQUENCE,
        VERSION + element(SEQUENCE, algorithm) + element(OCTET_STRING, key),
    )

    /** Returns the object identifier of the curve in an ECPrivateKey (RFC 5915), or null. */
    fun curve(key: ByteArray): ByteArray? = try {
        var at = content(key, 0)
        while (at < key.size && key[at].toInt() and BYTE != CURVE) at = next(key, at)
        val id = content(key, at)
        if (key[id].toInt() == OBJECT_ID) key.copyOfRange(id, next(key, id)) else null
    } catch (_: IndexOutOfBoundsException) {
        null
    }

    private fun element(tag: Int, content: ByteArray): ByteArray {
        val size = content.size
        val length = when {
            size < LONG -> byteArrayOf(size.toByte())
            size <= BYTE -> byteArrayOf((LONG or 1).toByte(), size.toByte())
            else -> byteArrayOf((LONG or 2).toByte(), (size shr BITS).toByte(), size.toByte())
        }
        return byteArrayOf(tag.toByte()) + length + content
    }

    /** The index of the content of the element at [at]. */
    private fun content(bytes: ByteArray, at: Int): Int {
        val first = bytes[at + 1].toInt() and BYTE
        return at + 2 + if (first < LONG) 0 else first - LONG
    }

    /** The index behind the element at [at]. */
    private fun next(bytes: ByteArray, at: Int): Int {
        val start = content(bytes, at)
        var length = 0
        if (start == at + 2) length = bytes[at + 1].toInt()
        for (index in at + 2 until start) {
            length = (length shl BITS) or (bytes[index].toInt() and BYTE)
        }
        if (length < 0 || start + length > bytes.size) throw IndexOutOfBoundsException()
        return start + length
    }
}
