package dev.kobahn.interop

import dev.kobahn.Message
import dev.kobahn.internal.transport.tls.Certificates
import dev.kobahn.proxy.ProxyException
import dev.kobahn.proxy.ProxyServer
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import java.io.File
import java.net.Socket
import java.nio.file.Files
import kotlin.time.Duration.Companion.seconds

private const val USER = "user"
private const val PASSWORD = "secret"

/** A client through the proxies that people run, to a ws server and to a wss server. */
class ClientProxiesTest :
    FunSpec({
        timeout = 120_000
        val folder = Files.createTempDirectory("kobahn-proxies").toFile()
        afterSpec { folder.deleteRecursively() }

        suspend fun proxied(
            program: String,
            config: (port: Int) -> String,
            arguments: (port: Int) -> Array<String>,
            test: suspend (port: Int) -> Unit,
        ) {
            val port = ProcessWithConfig.freePort()
            ProcessWithConfig.start(program, config(port), *arguments(port)).use { proxy ->
                try {
                    eventually(20.seconds) { Socket("127.0.0.1", port).close() }
                    test(port)
                } catch (failure: Throwable) {
                    println(proxy.output)
                    throw failure
                }
            }
        }

        suspend fun echoesThrough(proxy: ProxyServer) {
            for (isSecure in listOf(false, true)) {
                webSocketServer {
                    host = "127.0.0.1"
                    if (isSecure) tls { identity(Certificates.server) }
                    onConnect { for (message in incoming) send(message) }
                }.use { server ->
                    val client = webSocketClient {
                        this.proxy = proxy
                        tls { trust(Certificates.trusting()) }
                    }
                    val scheme = if (isSecure) "wss" else "ws"
                    client.connect("$scheme://localhost:${server.port}/") {
                        for (size in listOf(5, 1_000_000)) {
                            val text = "x".repeat(size)
                            send(text)
                            incoming.receive() shouldBe Message.Text(text)
                        }
                    }
                }
            }
        }

        suspend fun refusal(proxy: ProxyServer, port: Int): ProxyException = shouldThrow {
            webSocketClient { this.proxy = proxy }.connect("ws://localhost:$port/")
        }

        /** Runs [test] with a port at which nothing listens. */
        suspend fun nowhere(test: suspend (Int) -> Unit) = test(ProcessWithConfig.freePort())

        test("squid opens tunnels, asks for Basic, and refuses by status") {
            // squid does not run as root, and has to read the file.
            folder.setReadable(true, false)
            folder.setExecutable(true, false)
            val helper = File(folder, "auth.sh")
            helper.writeText(
                "#!/bin/sh\nwhile read line; do\n" +
                    "[ \"${"$"}line\" = \"$USER $PASSWORD\" ] && echo OK || echo ERR\ndone\n",
            )
            helper.setReadable(true, false)
            helper.setExecutable(true, false)
            val config = { port: Int ->
                """
                http_port 127.0.0.1:$port
                pid_filename none
                access_log none
                cache_log stdio:/dev/stdout
                cache deny all
                shutdown_lifetime 0 seconds
                auth_param basic program ${helper.path}
                acl known proxy_auth REQUIRED
                http_access allow known
                http_access deny all
                """.trimIndent() + "\n"
            }
            proxied("squid", config, { arrayOf("-N", "-f") }) { port ->
                val proxy = ProxyServer.http("127.0.0.1", port)
                echoesThrough(proxy.withCredentials(USER, PASSWORD))
                echoesThrough(proxy.withCredentialsOnRequest(USER, PASSWORD))
                refusal(proxy, port).status shouldBe 407
                refusal(proxy.withCredentials(USER, "wrong"), port).status shouldBe 407
                nowhere { none ->
                    refusal(proxy.withCredentials(USER, PASSWORD), none).status!!
                        .shouldBeInRange(502..504)
                }
            }
            InteropTable.add(
                InteropTable.versionOf("squid"),
                "client",
                "CONNECT to ws and wss; Basic at once and after a 407; 407 and 503 are typed",
            )
        }

        test("tinyproxy opens tunnels with Basic, and refuses by status") {
            val config = { port: Int ->
                "Port $port\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nAllow 127.0.0.1\n" +
                    "BasicAuth $USER $PASSWORD\n"
            }
            proxied("tinyproxy", config, { arrayOf("-d", "-c") }) { port ->
                val proxy = ProxyServer.http("127.0.0.1", port)
                echoesThrough(proxy.withCredentials(USER, PASSWORD))
                echoesThrough(proxy.withCredentialsOnRequest(USER, PASSWORD))
                refusal(proxy, port).status shouldBe 407
                nowhere { none ->
                    refusal(proxy.withCredentials(USER, PASSWORD), none).status!!
                        .shouldBeInRange(500..504)
                }
            }
            InteropTable.add(
                InteropTable.versionOf("tinyproxy"),
                "client",
                "CONNECT to ws and wss; Basic at once and after a 407; 407 and 5xx are typed",
            )
        }

        test("dante opens tunnels for SOCKS5, and refuses by a reply") {
            val config = { port: Int ->
                """
                logoutput: stdout
                internal: 127.0.0.1 port = $port
                external: 127.0.0.1
                clientmethod: none
                socksmethod: none
                user.privileged: root
                user.unprivileged: nobody
                client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
                socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
                """.trimIndent() + "\n"
            }
            proxied("danted", config, { arrayOf("-f") }) { port ->
                val proxy = ProxyServer.socks5("127.0.0.1", port)
                echoesThrough(proxy)
                nowhere { none -> refusal(proxy, none).socksReply!!.shouldBeInRange(1..5) }
            }
            InteropTable.add(
                InteropTable.versionOf("dante-server"),
                "client",
                "SOCKS5 without a password to ws and wss; replies are typed",
            )
        }

        test("microsocks opens tunnels for SOCKS5 with a password") {
            val arguments = { port: Int ->
                arrayOf("-i", "127.0.0.1", "-p", "$port", "-u", USER, "-P", PASSWORD)
            }
            proxied("microsocks", { "" }, arguments) { port ->
                val proxy = ProxyServer.socks5("127.0.0.1", port)
                echoesThrough(proxy.withCredentials(USER, PASSWORD))
                refusal(proxy, port)
                refusal(proxy.withCredentials(USER, "wrong"), port)
                nowhere { none ->
                    refusal(proxy.withCredentials(USER, PASSWORD), none).socksReply shouldBe 5
                }
            }
            InteropTable.add(
                InteropTable.versionOf("microsocks"),
                "client",
                "SOCKS5 with a password to ws and wss; replies are typed",
            )
        }
    })
