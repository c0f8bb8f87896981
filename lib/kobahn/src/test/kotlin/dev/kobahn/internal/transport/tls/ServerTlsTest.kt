package dev.kobahn.internal.transport.tls

import dev.kobahn.capturedLog
import dev.kobahn.count
import dev.kobahn.internal.connection.MemoryTransport
import dev.kobahn.internal.connection.VirtualLoop
import dev.kobahn.internal.server.refusals
import dev.kobahn.internal.transport.Recorder
import dev.kobahn.internal.transport.send
import dev.kobahn.tls.TlsException
import dev.kobahn.tls.TlsIdentitySource
import dev.kobahn.tls.TlsServerOptions
import dev.kobahn.tls.TlsServerOptions.ClientCertificates
import dev.kobahn.tls.connectTo
import dev.kobahn.tls.tlsClient
import dev.kobahn.tls.tlsServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.ByteBuffer
import java.security.cert.CertificateException
import java.security.cert.X509Certificate
import javax.net.ssl.SSLContext
import javax.net.ssl.X509TrustManager
import kotlin.time.Duration.Companion.seconds

class ServerTlsTest :
    FunSpec({
        timeout = 20_000

        test(
            "a source of identities that fails is one error in a minute, however many clients come",
        ) {
            val loop = VirtualLoop()
            var isBroken = false
            val source = TlsIdentitySource {
                check(!isBroken) { "on purpose" }
                Certificates.server
            }
            val tls = ServerTls(TlsServerOptions().apply { identity(source) })
            isBroken = true
            fun connect() {
                val (near, far) = MemoryTransport.pair(loop)
                val client = Recorder()
                far.start(client)
                tls.secure(near).start(Recorder())
                far.send(hello())
                loop.run()
                client.received.copyOf(7) shouldBe
                    ClientHelloReader.alertRecord(ClientHelloReader.INTERNAL_ERROR)
                far.close()
                loop.run()
            }
            val log = capturedLog {
                repeat(3) { connect() }
                loop.advanceBy(61.seconds)
                repeat(3) { connect() }
            }
            log.count("ERROR dev.kobahn.transport") shouldBe 2
            log shouldContain "on purpose"
        }

        test("a failure that quotes the peer is one line of the log") {
            val picky = object : X509TrustManager {
                override fun checkClientTrusted(chain: Array<X509Certificate>, type: String): Unit =
                    throw CertificateException("CN=a\nERROR all is lost")

                override fun checkServerTrusted(chain: Array<X509Certificate>, type: String) = Unit

                override fun getAcceptedIssuers(): Array<X509Certificate> = emptyArray()
            }
            val log = refusals {
                tlsServer({
                    identity(Certificates.server)
                    protocols = listOf("TLSv1.2")
                    clientCertificates = ClientCertificates.NEED
                    trust(picky)
                }) { server ->
                    shouldThrow<TlsException> {
                        tlsClient { identity(Certificates.client) }.connectTo(server)
                    }
                }
            }
            log.filter { "CN=a" in it }.shouldHaveSize(1).single() shouldContain "all is lost"
        }
    })

/** The first bytes of a client. */
private fun hello(): ByteArray {
    val engine = SSLContext.getDefault().createSSLEngine()
    engine.useClientMode = true
    val bytes = ByteBuffer.allocate(engine.session.packetBufferSize)
    engine.wrap(ByteBuffer.allocate(0), bytes)
    return bytes.array().copyOf(bytes.position())
}
