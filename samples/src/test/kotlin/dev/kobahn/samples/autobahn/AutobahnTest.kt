package dev.kobahn.samples.autobahn

import io.kotest.assertions.fail
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.FunSpec
import java.io.File
import java.net.InetAddress
import java.net.Socket
import kotlin.time.Duration.Companion.minutes

/**
 * The Autobahn test suite against the samples, both directions. Run by the profile `autobahn` alone;
 * `-Dautobahn.update=true` writes the expectations anew, `-Dautobahn.cases=6.*,7.1.1` runs a part,
 * `-Dautobahn.options=failByDrop=true,autoFragmentSize=7` sets options of our server and client, and
 * `-Dautobahn.tls=true` encrypts the connections, which a [TlsTunnel] hides from the suite.
 */
class AutobahnTest :
    FunSpec({
        test("the echo server behaves as expected in every case of the fuzzing client") {
            judge("server", subject("server")) { suite ->
                val port = freePort()
                sample("echo", "--port", "$port", *ECHO_TLS, *OPTIONS).use { server ->
                    awaitListening(port, server)
                    val tunnel = if (IS_TLS) TlsTunnel.toTls(port) else null
                    tunnel.use {
                        val url = "ws://127.0.0.1:${tunnel?.port ?: port}"
                        suite.fuzzingClient(url).use { it.await(TIMEOUT) }
                    }
                }
            }
        }

        test("the client behaves as expected in every case of the fuzzing server") {
            judge("client", subject("client")) { suite ->
                val port = freePort()
                val url = "ws://127.0.0.1:$port"
                suite.fuzzingServer(url).use { server ->
                    awaitListening(port, server)
                    val tunnel = if (IS_TLS) TlsTunnel.fromTls(port) else null
                    tunnel.use {
                        val target = tunnel?.let { "wss://127.0.0.1:${it.port}" } ?: url
                        sample("autobahn-client", target, TestSuite.AGENT, *CLIENT_TLS, *OPTIONS)
                            .use { it.await(TIMEOUT) }
                    }
                }
            }
        }
    })

private val IS_TLS = System.getProperty("autobahn.tls").toBoolean()
private val ECHO_TLS = if (IS_TLS) arrayOf("--self-signed") else emptyArray()
private val CLIENT_TLS = if (IS_TLS) arrayOf("--insecure") else emptyArray()
private val OPTIONS = VARIANT.split(',').filter(String::isNotEmpty)
    .flatMap { listOf("--option", it) }.toTypedArray()

private fun subject(direction: String) = if (IS_TLS) "$direction-tls" else direction

private fun sample(vararg arguments: String): ChildProcess = ChildProcess.java(
    log = File(TARGET, "${arguments.first()}.log"),
    arguments = listOf("-cp", System.getProperty("java.class.path")) +
        listOf("dev.kobahn.samples.MainKt") + arguments,
)

private suspend fun awaitListening(port: Int, server: ChildProcess) = eventually(1.minutes) {
    if (!server.isAlive) fail("the server ended\n${server.tail()}")
    Socket(InetAddress.getLoopbackAddress(), port).close()
}
