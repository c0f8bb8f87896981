package dev.kobahn.tls

import dev.kobahn.Message
import dev.kobahn.internal.transport.tls.Certificates
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import javax.net.ssl.SSLContext
import kotlin.random.Random
import kotlinx.coroutines.CompletableDeferred
import org.conscrypt.Conscrypt

/** The TLS of the JDK and of Conscrypt, in all pairs. */
class ProviderPairsTest :
    FunSpec({
        timeout = 20_000
        val contexts = mapOf(
            "the JDK" to { identity: TlsIdentity -> Certificates.context(null, identity) },
            "Conscrypt" to { identity: TlsIdentity ->
                Certificates.context(Conscrypt.newProvider(), identity)
            },
        )

        for ((serverName, serverContext) in contexts) {
            for ((clientName, clientContext) in contexts) {
                for (version in listOf("TLSv1.3", "TLSv1.2")) {
                    val pair = "a client of $clientName and a server of $serverName, $version"

                    fun client(context: SSLContext): TlsClientOptions.() -> Unit = {
                        sslContext { context }
                        protocols = listOf(version)
                    }

                    test("messages, resumption, client certificates and a clean end: $pair") {
                        val context = serverContext(Certificates.server)
                        val ends = ArrayList<CompletableDeferred<Boolean>>()
                        val subjects = ArrayList<String>()
                        tlsServer({
                            sslContext { context }
                            clientCertificates = TlsServerOptions.ClientCertificates.NEED
                        }, {
                            onConnect {
                                val end = CompletableDeferred<Boolean>().also(ends::add)
                                val peer = transportDetails.tls!!.peerCertificate!!
                                subjects.add(peer.subjectX500Principal.name)
                                for (message in incoming) send(message)
                                end.complete(awaitClosed().wasClean)
                            }
                        }) { server ->
                            val client = tlsClient({}, client(clientContext(Certificates.client)))
                            repeat(3) {
                                val webSocket = client.connectTo(server)
                                webSocket.echoes()
                                val large = Random(it).nextBytes(1_000_000)
                                webSocket.send(large)
                                val back = (webSocket.incoming.receive() as Message.Binary).bytes
                                back.contentEquals(large) shouldBe true
                                val tls = webSocket.transportDetails.tls!!
                                tls.protocol shouldBe version
                                tls.applicationProtocol shouldBe "http/1.1"
                                tls.peerCertificate shouldBe
                                    Certificates.server.certificates.first()
                                webSocket.close().wasClean shouldBe true
                            }
                            ends.forEach { it.await() shouldBe true }
                            subjects.toSet() shouldBe setOf("CN=a client")
                        }
                    }

                    test("a wrong host and an unknown authority are refused: $pair") {
                        val wrong = serverContext(
                            Certificates.issue("other.example").let {
                                TlsIdentity.of(it.keyPair.private, it.certificatePathList)
                            },
                        )
                        val unknown = serverContext(
                            Certificates.issue("localhost", by = Certificates.stranger).let {
                                TlsIdentity.of(it.keyPair.private, it.certificatePathList)
                            },
                        )
                        val cases = mapOf(
                            wrong to TlsException.Reason.WRONG_HOST,
                            unknown to TlsException.Reason.UNKNOWN_AUTHORITY,
                        )
                        for ((context, reason) in cases) {
                            tlsServer({ sslContext { context } }) { server ->
                                val client =
                                    tlsClient({}, client(clientContext(Certificates.client)))
                                val failure = shouldThrow<TlsException> { client.connectTo(server) }
                                withClue(failure.message) { failure.reason shouldBe reason }
                                failure.message shouldContain "certificate"
                            }
                        }
                    }
                }
            }
        }
    })
