package dev.kobahn.tls

import dev.kobahn.CloseStatus
import dev.kobahn.Message
import dev.kobahn.RawPeer
import dev.kobahn.TransportDetails
import dev.kobahn.TransportDetails.ChannelType
import dev.kobahn.internal.transport.tls.Certificates
import dev.kobahn.internal.transport.tls.InHardware
import dev.kobahn.internal.transport.tls.identity
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.tls.TlsServerOptions.ClientCertificates
import dev.kobahn.use
import dev.kobahn.webSocketClient
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.io.File
import java.security.cert.X509Certificate
import kotlin.random.Random
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.toList
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

class TlsTest :
    FunSpec({
        timeout = 20_000

        for (version in listOf("TLSv1.3", "TLSv1.2")) {
            test("messages go both ways over $version, and both ends see a clean end") {
                val end = CompletableDeferred<Boolean>()
                tlsServer(options = {
                    onConnect {
                        for (message in incoming) send(message)
                        end.complete(awaitClosed().wasClean)
                    }
                }) { server ->
                    val webSocket = tlsClient { protocols = listOf(version) }.connectTo(server)
                    webSocket.echoes()
                    val large = Random(1).nextBytes(5_000_000)
                    webSocket.send(large)
                    val back = (webSocket.incoming.receive() as Message.Binary).bytes
                    back.contentEquals(large) shouldBe true
                    webSocket.transportDetails.tls!!.protocol shouldBe version
                    webSocket.close().wasClean shouldBe true
                    end.await() shouldBe true
                }
            }
        }

        test(
            "messages and a Close directly before a close_notify arrive, however slow the handler",
        ) {
            val mayReceive = CompletableDeferred<Unit>()
            val count = CompletableDeferred<Int>()
            val end = CompletableDeferred<CloseStatus>()
            tlsServer(options = {
                maxIncomingQueueSize = 1000
                onConnect {
                    accept()
                    mayReceive.await()
                    count.complete(incoming.toList().size)
                    end.complete(awaitClosed())
                }
            }) { server ->
                val peer = RawPeer(jdkSocket(server.port) { enabledProtocols = arrayOf("TLSv1.3") })
                peer.handshake()
                val message = "82 e4 00000000" + "00".repeat(100)
                peer.sendHex(message.repeat(1000) + "88 82 00000000 03e8").end()
                mayReceive.complete(Unit)
                count.await() shouldBe 1000
                end.await().remote!!.code shouldBe 1000
            }
        }

        test("both ends know the protocol, the cipher suite and the server's name") {
            val atServer = CompletableDeferred<TransportDetails>()
            tlsServer(options = {
                onConnect {
                    atServer.complete(transportDetails)
                    for (message in incoming) send(message)
                }
            }) { server ->
                tlsClient().connect("wss://localhost:${server.port}/") {
                    echoes()
                    for (details in listOf(transportDetails, atServer.await())) {
                        details.channelType shouldBe ChannelType.TLS
                        details.isSecure shouldBe true
                        val tls = details.tls!!
                        tls.protocol shouldBe "TLSv1.3"
                        tls.cipherSuite shouldContain "TLS_"
                        tls.serverName shouldBe "localhost"
                        tls.applicationProtocol shouldBe "http/1.1"
                    }
                    transportDetails.tls!!.peerCertificates shouldContainExactly
                        Certificates.server.certificates
                    atServer.await().tls!!.peerCertificates shouldBe emptyList()
                    val ids = listOf(transportDetails, atServer.await())
                        .map { it.tls!!.channelId()?.toList() }
                    ids.toSet().size shouldBe 1
                    (ids.first() != null) shouldBe (Runtime.version().feature() >= 25)
                }
            }
        }

        test("the request of a wss URL leaves out the default port of wss only") {
            tlsServer(options = {
                onConnect { send(request.headers["Host"]!!) }
            }) { server ->
                tlsClient().connect("wss://localhost:${server.port}/") {
                    incoming.receive() shouldBe Message.Text("localhost:${server.port}")
                }
            }
        }

        test("a page is served over https") {
            tlsServer(options = {
                onRequest { HttpResponse.text("a page") }
            }) { server ->
                jdkSocket(server.port).use { socket ->
                    val peer = RawPeer(socket)
                    peer.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    peer.readAll() shouldContain "a page"
                }
            }
        }

        // Which certificate.

        suspend fun namesServed(configure: TlsServerOptions.() -> Unit, vararg names: String) =
            buildList {
                tlsServer(configure) { server ->
                    for (name in names) {
                        val client = tlsClient {
                            dangerouslyAcceptAnyHostname = true
                            serverName = name
                        }
                        val webSocket = client.connectTo(server, "127.0.0.1")
                        val served = webSocket.transportDetails.tls!!.peerCertificate!!
                        add(served.subjectX500Principal.name.removePrefix("CN="))
                        webSocket.close()
                    }
                }
            }

        fun named(vararg names: String) = Certificates.issue(*names).identity()

        test("the client's name chooses the certificate: exact, wildcard of one label, default") {
            namesServed(
                {
                    identity(named("default.example"))
                    identity(named("a.example", "b.example"))
                    identity(named("*.c.example"))
                    identity(named("given.example"), "Other.Example")
                },
                "a.example", "B.example", "x.c.example", "c.example", "x.y.c.example",
                "other.example", "given.example", "unknown.example",
            ) shouldContainExactly listOf(
                "a.example",
                "a.example",
                "*.c.example",
                "default.example",
                "default.example",
                "given.example",
                "default.example",
                "default.example",
            )
        }

        test("the names of a renewed certificate take the place of the old ones") {
            var current = named("old.example", "kept.example")
            val identity = ReloadableTlsIdentity { current }
            val configure: TlsServerOptions.() -> Unit = {
                identity(named("default.example"))
                identity(identity)
            }
            tlsServer(configure) { server ->
                suspend fun served(name: String): String {
                    val client = tlsClient {
                        dangerouslyAcceptAnyHostname = true
                        serverName = name
                    }
                    val webSocket = client.connectTo(server, "127.0.0.1")
                    val served = webSocket.transportDetails.tls!!.peerCertificate!!
                    webSocket.close()
                    return served.subjectX500Principal.name.removePrefix("CN=")
                }
                served("old.example") shouldBe "old.example"
                current = named("kept.example", "new.example")
                identity.reload()
                served("new.example") shouldBe "kept.example"
                served("kept.example") shouldBe "kept.example"
                served("old.example") shouldBe "default.example"
            }
        }

        test("an unknown name is refused if that is configured, and so is a client without one") {
            tlsServer({
                identity(named("a.example"))
                unknownNames = TlsServerOptions.UnknownNames.REFUSE
            }) { server ->
                val failure = shouldThrow<TlsException> {
                    tlsClient { serverName = "b.example" }.connectTo(server)
                }
                failure.reason shouldBe TlsException.Reason.UNKNOWN_NAME
                shouldThrow<TlsException> { tlsClient().connectTo(server, "127.0.0.1") }
                    .reason shouldBe TlsException.Reason.UNKNOWN_NAME
            }
        }

        // Certificates of clients.

        for (mode in listOf(ClientCertificates.WANT, ClientCertificates.NEED)) {
            test("the server sees the certificate of a client, mode $mode") {
                val seen = CompletableDeferred<List<X509Certificate>>()
                tlsServer({
                    identity(Certificates.server)
                    clientCertificates = mode
                    trust(Certificates.trusting())
                }, {
                    onConnect {
                        seen.complete(transportDetails.tls!!.peerCertificates)
                        for (message in incoming) send(message)
                    }
                }) { server ->
                    val client = tlsClient { identity(Certificates.client) }
                    client.connect("wss://localhost:${server.port}/") { echoes() }
                    seen.await().first() shouldBe Certificates.client.certificates.first()
                }
            }
        }

        test("a client without a certificate may come in if the server only wants one") {
            tlsServer({
                identity(Certificates.server)
                clientCertificates = ClientCertificates.WANT
                trust(Certificates.trusting())
            }) { server ->
                tlsClient().connect("wss://localhost:${server.port}/") { echoes() }
            }
        }

        test("keys that do not leave their hardware serve a server and a client") {
            fun TlsIdentity.inHardware() = TlsIdentity.of(InHardware(privateKey), certificates)
            for (version in listOf("TLSv1.3", "TLSv1.2")) {
                tlsServer({
                    identity(Certificates.server.inHardware())
                    protocols = listOf(version)
                    clientCertificates = ClientCertificates.NEED
                    trust(Certificates.trusting())
                }) { server ->
                    tlsClient { identity(Certificates.client.inHardware()) }
                        .connect("wss://localhost:${server.port}/") { echoes() }
                }
            }
        }

        // Sessions and reloading.

        test("a second connection of the same client resumes the session") {
            for (version in listOf("TLSv1.3", "TLSv1.2")) {
                tlsServer { server ->
                    val context = jdkContext()
                    val client = webSocketClient {
                        tls {
                            sslContext { context }
                            protocols = listOf(version)
                        }
                    }
                    val times = List(2) {
                        client.connect("wss://localhost:${server.port}/") { echoes() }
                        context.clientSessionContext.ids.toList()
                            .map { context.clientSessionContext.getSession(it).creationTime }
                    }
                    // A session that was resumed is not made anew.
                    val full = times.first().min()
                    times.last().min() shouldBe full
                }
            }
        }

        test("a renewed certificate serves new connections while old ones stay open, under load") {
            val old = Certificates.issue("localhost").identity()
            val new = Certificates.issue("localhost").identity()
            var current = old
            val identity = ReloadableTlsIdentity { current }
            tlsServer({ identity(identity) }) { server ->
                val client = tlsClient()
                fun certificate(details: TransportDetails) = details.tls!!.peerCertificate
                val kept = client.connectTo(server)
                certificate(kept.transportDetails) shouldBe old.certificates.first()
                coroutineScope {
                    val load = Job()
                    repeat(4) {
                        launch(Dispatchers.Default) {
                            while (load.isActive) {
                                tlsClient().connect("wss://localhost:${server.port}/") { echoes() }
                            }
                        }
                    }
                    current = new
                    identity.reload()
                    repeat(3) {
                        tlsClient().connect("wss://localhost:${server.port}/") {
                            certificate(transportDetails) shouldBe new.certificates.first()
                            echoes()
                        }
                    }
                    load.complete()
                }
                kept.echoes("still here")
                kept.close().wasClean shouldBe true
            }
        }

        test("a reload that fails leaves the old certificate in use") {
            var isBroken = false
            val identity = ReloadableTlsIdentity {
                if (isBroken) TlsIdentity.fromPem(File("/none"), File("/none"))
                Certificates.server
            }
            isBroken = true
            shouldThrow<PemException> { identity.reload() }
            identity.identity() shouldBeSameInstanceAs Certificates.server
        }

        // Options.

        test("a certificate from PEM files is served, and a PEM file is trusted") {
            val bundle = Certificates.issue("localhost")
            val chain = file(bundle.certificatePathPEM)
            val key = file(bundle.privateKeyPEM)
            tlsServer({ certificate(chain, key) }) { server ->
                val authority = file(Certificates.authority.certificatePEM)
                val client = webSocketClient { tls { trust(authority) } }
                client.connect("wss://localhost:${server.port}/") { echoes() }
            }
        }

        test("the options that accept any host or any certificate do so") {
            val self = Certificates.selfSigned("elsewhere.example").identity()
            tlsServer({ identity(self) }) { server ->
                val any = webSocketClient { tls { dangerouslyTrustAnyCertificate = true } }
                any.connect("wss://localhost:${server.port}/") { echoes() }
            }
            tlsServer({ identity(named("elsewhere.example")) }) { server ->
                tlsClient { dangerouslyAcceptAnyHostname = true }
                    .connect("wss://localhost:${server.port}/") { echoes() }
            }
        }

        test("an address of the certificate is verified like a name") {
            tlsServer { server ->
                tlsClient().connect("wss://127.0.0.1:${server.port}/") {
                    transportDetails.tls!!.serverName shouldBe null
                    echoes()
                }
            }
        }

        test("the cipher suites can be chosen") {
            tlsServer { server ->
                val suite = "TLS_AES_128_GCM_SHA256"
                tlsClient { cipherSuites = listOf(suite) }
                    .connect("wss://localhost:${server.port}/") {
                        transportDetails.tls!!.cipherSuite shouldBe suite
                    }
            }
        }

        test("options of TLS that change later have no effect on a client and a server") {
            lateinit var atServer: TlsServerOptions
            lateinit var atClient: TlsClientOptions
            tlsServer({
                identity(named("other.example"))
                atServer = this
            }) { server ->
                atServer.protocols = listOf("TLSv1.2")
                val client = tlsClient { atClient = this }
                atClient.dangerouslyAcceptAnyHostname = true
                atClient.dangerouslyTrustAnyCertificate = true
                atClient.serverName = "other.example"
                shouldThrow<TlsException> { client.connectTo(server) }
                    .reason shouldBe TlsException.Reason.WRONG_HOST
                tlsClient { dangerouslyAcceptAnyHostname = true }.connect(
                    "wss://localhost:${server.port}/",
                ) { transportDetails.tls!!.protocol shouldBe "TLSv1.3" }
            }
        }

        test(
            "a redirect to another server offers neither the client's certificate nor serverName",
        ) {
            val seen = CompletableDeferred<List<X509Certificate>>()
            val asking: TlsServerOptions.() -> Unit = {
                identity(Certificates.server)
                clientCertificates = ClientCertificates.WANT
                trust(Certificates.trusting())
            }
            tlsServer(asking, {
                onConnect { seen.complete(transportDetails.tls!!.peerCertificates) }
            }) { other ->
                val first: TlsServerOptions.() -> Unit = {
                    asking()
                    identity(named("first.example"))
                    clientCertificates = ClientCertificates.NEED
                }
                val options: dev.kobahn.WebSocketServerOptions.() -> Unit = {
                    onRequest { HttpResponse.redirect("wss://localhost:${other.port}/") }
                }
                tlsServer(first, options) { server ->
                    tlsClient({ maxRedirects = 1 }) {
                        identity(Certificates.client)
                        serverName = "first.example"
                    }.connectTo(server).transportDetails.tls!!.serverName shouldBe "localhost"
                    seen.await() shouldBe emptyList()
                }
            }
        }

        test("options that cannot work are refused by name") {
            shouldThrow<IllegalArgumentException> { tlsServer({}) {} }
                .message shouldContain "certificate(chain, key)"
            shouldThrow<IllegalArgumentException> {
                tlsServer({
                    identity(Certificates.server)
                    protocols = listOf("TLSv9")
                }) {}
            }.message shouldContain "TLSv9"
            shouldThrow<IllegalArgumentException> {
                tlsServer({
                    identity(Certificates.server)
                    cipherSuites = listOf("NONE_SUCH")
                }) {}
            }.message shouldContain "NONE_SUCH"
            for (name in listOf("a*.example", "a.example.", "*..", ".", "a..example", "", "*.")) {
                shouldThrow<IllegalArgumentException> {
                    tlsServer({ identity(Certificates.server, name) }) {}
                }.message shouldContain "name is $name, must be"
            }
            shouldThrow<IllegalArgumentException> {
                val context = jdkContext()
                tlsServer({
                    sslContext { context }
                    unknownNames = TlsServerOptions.UnknownNames.REFUSE
                }) {}
            }.message shouldContain "unknownNames is REFUSE"
            for (mode in listOf(ClientCertificates.WANT, ClientCertificates.NEED)) {
                shouldThrow<IllegalArgumentException> {
                    tlsServer({
                        identity(Certificates.server)
                        clientCertificates = mode
                    }) {}
                }.message shouldContain "clientCertificates is $mode, which needs trust(...)"
            }
        }
    })

private fun tlsClient(tls: TlsClientOptions.() -> Unit) = tlsClient({}, tls)
