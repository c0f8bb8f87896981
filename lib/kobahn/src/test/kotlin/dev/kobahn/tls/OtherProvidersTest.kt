package dev.kobahn.tls

import dev.kobahn.internal.transport.tls.Certificates
import dev.kobahn.internal.transport.tls.identity
import dev.kobahn.tls.TlsException.Reason
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.net.Socket
import java.security.SecureRandom
import java.security.cert.X509Certificate
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLEngine
import javax.net.ssl.X509ExtendedTrustManager
import javax.net.ssl.X509TrustManager
import kotlin.time.Duration.Companion.ZERO
import kotlin.time.Duration.Companion.seconds
import org.conscrypt.Conscrypt

/** Conscrypt, which is Android's provider too, leaves the host's name to the trust manager. */
class OtherProvidersTest :
    FunSpec({
        timeout = 20_000

        fun conscrypt(): SSLContext = SSLContext.getInstance("TLS", Conscrypt.newProvider()).apply {
            init(null, arrayOf(TrustsAll), SecureRandom())
        }

        for (version in listOf("TLSv1.3", "TLSv1.2")) {
            fun client(tls: TlsClientOptions.() -> Unit = {}) = conscrypt().let { context ->
                tlsClient({}) {
                    sslContext { context }
                    protocols = listOf(version)
                    tls()
                }
            }

            test("a certificate for the host is accepted from a plain trust manager, $version") {
                tlsServer { server ->
                    for (host in listOf("localhost", "127.0.0.1")) {
                        client().connect("wss://$host:${server.port}/") { echoes() }
                    }
                }
            }

            test("a certificate for another host is refused, by name and by address, $version") {
                val other = Certificates.issue("other.example").identity()
                tlsServer({ identity(other) }) { server ->
                    for (host in listOf("localhost", "127.0.0.1")) {
                        val failure = shouldThrow<TlsException> { client().connectTo(server, host) }
                        failure.reason shouldBe Reason.WRONG_HOST
                        failure.message shouldContain "not for $host"
                    }
                    client { serverName = "other.example" }.connectTo(server).echoes()
                    client { dangerouslyAcceptAnyHostname = true }.connectTo(server).echoes()
                }
            }

            test("a connection to another host's certificate is closed, $version") {
                val other = Certificates.issue("other.example").identity()
                tlsServer({ identity(other) }, { openHandshakeTimeout = ZERO }) { server ->
                    shouldThrow<TlsException> { client().connectTo(server) }
                    eventually(10.seconds) { server.connectionCount shouldBe 0 }
                }
            }

            test("a resumed session is verified too, $version") {
                val other = Certificates.issue("other.example").identity()
                val context = conscrypt()
                tlsServer({ identity(other) }) { server ->
                    for (accepts in listOf(true, false)) {
                        val client = tlsClient({}) {
                            sslContext { context }
                            protocols = listOf(version)
                            dangerouslyAcceptAnyHostname = accepts
                        }
                        if (accepts) {
                            client.connect("wss://localhost:${server.port}/") { echoes() }
                        } else {
                            shouldThrow<TlsException> { client.connectTo(server) }
                                .reason shouldBe Reason.WRONG_HOST
                        }
                    }
                }
            }
        }

        for ((door, give) in listOf<Pair<String, TlsClientOptions.() -> Unit>>(
            "trust" to { trust(TrustsAllExtended) },
            "sslContext" to {
                val context = SSLContext.getInstance("TLS")
                context.init(null, arrayOf(TrustsAllExtended), SecureRandom())
                sslContext { context }
            },
        )) {
            test("an extended trust manager does not switch the check of the host off, by $door") {
                val other = Certificates.issue("other.example").identity()
                tlsServer({ identity(other) }) { server ->
                    for (host in listOf("localhost", "127.0.0.1")) {
                        shouldThrow<TlsException> { tlsClient({}, give).connectTo(server, host) }
                            .reason shouldBe Reason.WRONG_HOST
                    }
                    val accepting = tlsClient({}) {
                        give()
                        dangerouslyAcceptAnyHostname = true
                    }
                    accepting.connectTo(server).echoes()
                }
                tlsServer { server ->
                    tlsClient({}, give).connect("wss://localhost:${server.port}/") { echoes() }
                }
            }
        }
    })

/** A trust manager of the plain kind: nobody tells it the host. */
private object TrustsAll : X509TrustManager {
    override fun checkClientTrusted(chain: Array<X509Certificate>, type: String) = Unit

    override fun checkServerTrusted(chain: Array<X509Certificate>, type: String) = Unit

    override fun getAcceptedIssuers(): Array<X509Certificate> = emptyArray()
}

/** A trust manager of the kind that the JDK leaves the host to. It does not look at that. */
private object TrustsAllExtended : X509ExtendedTrustManager() {
    override fun checkClientTrusted(chain: Array<X509Certificate>, type: String) = Unit

    override fun checkClientTrusted(chain: Array<X509Certificate>, type: String, on: Socket) = Unit

    override fun checkClientTrusted(chain: Array<X509Certificate>, type: String, on: SSLEngine) =
        Unit

    override fun checkServerTrusted(chain: Array<X509Certificate>, type: String) = Unit

    override fun checkServerTrusted(chain: Array<X509Certificate>, type: String, on: Socket) = Unit

    override fun checkServerTrusted(chain: Array<X509Certificate>, type: String, on: SSLEngine) =
        Unit

    override fun getAcceptedIssuers(): Array<X509Certificate> = emptyArray()
}
