package dev.kobahn.interop

import dev.kobahn.RawPeer
import dev.kobahn.internal.transport.tls.Certificates
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.io.InputStream
import java.io.OutputStream
import java.net.InetSocketAddress
import java.net.Socket
import java.nio.channels.Channels
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import javax.net.ssl.SSLEngine
import kotlin.concurrent.thread
import tlschannel.ClientTlsChannel
import tlschannel.ServerTlsChannel
import tlschannel.TlsChannel

/** Another layer of TLS over the engine of the JDK: a second opinion on ours. */
class TlsChannelTest :
    FunSpec({
        for (version in listOf("TLSv1.2", "TLSv1.3")) {
            val name = version.replace("v", " ")

            interop(Peer.TLS_CHANNEL, Role.CLIENT, "$name, client certificate: frames, Close") {
                EchoServer.secure({ needClients() }) { port ->
                    client(port, version).use { it.exchange() }
                    nextEnded().run {
                        clientName shouldBe "CN=a client"
                        transportDetails.tls?.protocol shouldBe version
                        shouldHaveEndedCleanly()
                    }
                }
            }

            interop(Peer.TLS_CHANNEL, Role.CLIENT, "$name: cut off without close_notify") {
                EchoServer.secure { port ->
                    val socket = SocketChannel.open(InetSocketAddress("127.0.0.1", port))
                    peer(clientChannel(socket, port, version)).echoOnce()
                    socket.close()
                    nextEnded().closeStatus?.code shouldBe 1006
                }
                text = "unclean end, 1006"
            }

            interop(Peer.TLS_CHANNEL, Role.SERVER, "$name, client certificate: frames, Close") {
                server(version) { port ->
                    val client = trustingClient({
                        certificate(PemFiles.client.certificate, PemFiles.client.key)
                    })
                    client.connect("wss://localhost:$port/") {
                        transportDetails.tls?.protocol shouldBe version
                        exchangeWithRawPeer()
                    }
                }
            }
        }
    })

private fun RawPeer.echoOnce() {
    handshake()
    echo("hello")
}

private fun client(port: Int, version: String): RawPeer =
    peer(clientChannel(SocketChannel.open(InetSocketAddress("127.0.0.1", port)), port, version))

private fun clientChannel(socket: SocketChannel, port: Int, version: String): TlsChannel {
    val engine = ClientTrust.context.createSSLEngine("localhost", port)
    engine.useClientMode = true
    engine.enabledProtocols = arrayOf(version)
    engine.sslParameters = engine.sslParameters.apply { endpointIdentificationAlgorithm = "HTTPS" }
    return ClientTlsChannel.newBuilder(socket, engine).build()
}

/** Runs [test] while one connection is served. */
private suspend fun server(version: String, test: suspend (port: Int) -> Unit) {
    val context = Certificates.context()

    fun engine(): SSLEngine = context.createSSLEngine().apply {
        useClientMode = false
        needClientAuth = true
        enabledProtocols = arrayOf(version)
    }
    ServerSocketChannel.open().bind(InetSocketAddress("127.0.0.1", 0)).use { listener ->
        val served = thread {
            val channel = ServerTlsChannel.newBuilder(listener.accept(), context)
                .withEngineFactory { engine() }.build()
            peer(channel).use { it.serve() }
        }
        test(listener.socket().localPort)
        served.join()
    }
}

private fun peer(channel: TlsChannel) = RawPeer(ChannelSocket(channel))

/** A channel in the form of a socket. */
private class ChannelSocket(private val channel: TlsChannel) : Socket() {
    override fun getInputStream(): InputStream = Channels.newInputStream(channel)

    override fun getOutputStream(): OutputStream = Channels.newOutputStream(channel)

    override fun shutdownOutput() {
        channel.shutdown()
    }

    override fun close() = channel.close()
}
