package dev.kobahn.interop

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

/** The engine of another JDK, and Conscrypt in it, behind Kobahn in a process of its own. */
class OtherJdkTest :
    FunSpec({
        for (theirs in EngineOf.entries) {
            for (ours in EngineOf.entries) {
                for (version in listOf("TLSv1.2", "TLSv1.3")) {
                    val pair = "${theirs.title} and ${ours.title} here, ${version.replace(
                        "v",
                        " ",
                    )}"

                    interop(Peer.OTHER_JDK, Role.CLIENT, "$pair: exchange, twice") {
                        val identity = PemFiles.server.identity()
                        val context = ours.context(identity, PemFiles.authority)
                        EchoServer.run({
                            tls {
                                sslContext { context }
                                protocols = listOf(version)
                                needClients()
                            }
                        }) { port ->
                            process(theirs, version, PemFiles.client, "$port").use {
                                repeat(2) { _ -> it.readLine() shouldBe version }
                                it.awaitEnd() shouldBe 0
                            }
                            repeat(2) {
                                nextEnded().run {
                                    clientName shouldBe "CN=a client"
                                    shouldHaveEndedCleanly()
                                }
                            }
                        }
                    }

                    interop(Peer.OTHER_JDK, Role.SERVER, "$pair: exchange, twice") {
                        val identity = PemFiles.client.identity()
                        val context = ours.context(identity, PemFiles.authority)
                        process(theirs, version, PemFiles.server).use {
                            val port = it.readLine()
                            val client = trustingClient({
                                sslContext { context }
                                protocols = listOf(version)
                            })
                            repeat(2) {
                                client.connect("wss://localhost:$port/") {
                                    transportDetails.tls?.protocol shouldBe version
                                    exchange()
                                }
                            }
                        }
                    }
                }
            }
        }
    })

/** Starts a client if there is a port in [arguments], and a server otherwise. */
private fun process(
    engine: EngineOf,
    version: String,
    certificate: PemFiles.Pair,
    vararg arguments: String,
): Program {
    val classPath = System.getProperty("surefire.test.class.path")
        ?: System.getProperty("java.class.path")
    return Program.start(
        *arrayOf<Any>(OtherJdk.newest!!.java, "-cp", classPath, OtherJvm::class.java.name),
        *arrayOf<Any>(engine.name, version, PemFiles.authority),
        *arrayOf<Any>(certificate.certificate, certificate.key),
        *arguments,
    )
}
