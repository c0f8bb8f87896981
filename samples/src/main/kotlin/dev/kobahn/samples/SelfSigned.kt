package dev.kobahn.samples

import com.github.ajalt.clikt.core.CliktError
import dev.kobahn.tls.TlsIdentity
import java.io.File
import java.io.IOException
import java.nio.file.Files
import java.security.KeyStore
import java.util.concurrent.TimeUnit
import kotlin.io.encoding.Base64

/** A certificate for this machine that nobody but its owner trusts, made by the JDK's keytool. */
internal object SelfSigned {
    private const val PASSWORD = "nobody sees this"
    private const val TOOL_SECONDS = 30L

    /** Makes a key and its certificate for localhost and [host]. Blocks. */
    fun make(host: String): TlsIdentity {
        val folder = Files.createTempDirectory("kobahn").toFile()
        try {
            val store = File(folder, "keys.p12")
            runKeytool(store, host)
            val keys = KeyStore.getInstance("PKCS12")
            store.inputStream().use { keys.load(it, PASSWORD.toCharArray()) }
            return TlsIdentity.fromKeyStore(keys, PASSWORD.toCharArray())
        } finally {
            folder.deleteRecursively()
        }
    }

    private fun runKeytool(store: File, host: String) {
        val isAddress = ':' in host || host.all { it.isDigit() || it == '.' }
        val names = listOf("dns:localhost", "ip:127.0.0.1", "ip:::1") +
            (if (isAddress) "ip:$host" else "dns:$host")
        val tool = File(System.getProperty("java.home"), "bin/keytool").path
        val process = try {
            ProcessBuilder(
                tool, "-genkeypair", "-keystore", store.path, "-storetype", "PKCS12",
                "-storepass", PASSWORD, "-alias", "kobahn", "-keyalg", "RSA", "-keysize", "2048",
                "-dname", "CN=$host", "-ext", "san=${names.distinct().joinToString(",")}",
                "-validity", "30",
            ).redirectErrorStream(true).start()
        } catch (failure: IOException) {
            throw CliktError("--self-signed needs keytool, which a JDK has: ${failure.message}")
        }
        val output = process.inputStream.bufferedReader().readText()
        val isDone = process.waitFor(TOOL_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0
        if (!isDone) throw CliktError("keytool made no certificate: ${output.trim()}")
    }

    /** Writes the certificate of [identity] to a file, which clients can trust. */
    fun save(identity: TlsIdentity): File {
        val encoded = Base64.Mime.encode(identity.certificates.first().encoded)
        val file = File.createTempFile("kobahn", ".pem")
        file.deleteOnExit()
        file.writeText("-----BEGIN CERTIFICATE-----\n$encoded\n-----END CERTIFICATE-----\n")
        return file
    }
}
