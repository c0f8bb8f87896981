package dev.kobahn.interop

import dev.kobahn.internal.transport.tls.Certificates
import io.netty.pkitesting.X509Bundle
import java.io.File
import java.nio.file.Files

/** The certificates of the tests as files in PEM, as programs of other people want them. */
internal object PemFiles {
    private val folder = tempFolder("certificates")
        .also { Runtime.getRuntime().addShutdownHook(Thread { it.deleteRecursively() }) }

    /** The authority that has issued the others. */
    val authority: File = write("authority.pem", Certificates.authority.certificatePEM)

    /** The certificate of [client] with its key. */
    val clientBundle: X509Bundle =
        Certificates.builder("CN=a client").addExtendedKeyUsageClientAuth()
            .buildIssuedBy(Certificates.authority)

    /** For localhost and its addresses. */
    val server = Pair("server", Certificates.issue("localhost"))

    /** The same with a key of RSA, for programs that cannot read others. */
    val rsa = Pair("rsa", Certificates.issue("localhost") { rsa2048() })

    /** For the name `b.localhost`. */
    val other = Pair("other", Certificates.issue("b.localhost"))

    /** For a client whose name is "a client". */
    val client = Pair("client", clientBundle)

    /** A certificate and its key, in two files and in one. */
    class Pair(name: String, bundle: X509Bundle) {
        val certificate: File = write("$name.pem", bundle.certificatePathPEM)
        val key: File = write("$name-key.pem", bundle.privateKeyPEM)
        val both: File = write("$name-both.pem", bundle.certificatePathPEM + bundle.privateKeyPEM)
    }

    private fun write(name: String, pem: String) = File(folder, name).apply { writeText(pem) }
}

/** The folder for the files of these tests. */
internal fun workFolder(): File = File("target/interop").absoluteFile.apply { mkdirs() }

/** A new folder in it, which programs can read that give up the rights of root. */
internal fun tempFolder(name: String): File =
    Files.createTempDirectory(workFolder().toPath(), name).toFile().apply {
        setReadable(true, false)
        setExecutable(true, false)
    }
