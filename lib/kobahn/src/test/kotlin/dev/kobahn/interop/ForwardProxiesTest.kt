package dev.kobahn.interop

import dev.kobahn.proxy.ProxyException
import dev.kobahn.proxy.ProxyServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.io.File

/** Our client reaches a server for `wss` through proxies that others wrote. */
class ForwardProxiesTest :
    FunSpec({
        for (version in listOf("TLSv1.2", "TLSv1.3")) {
            val name = version.replace("v", " ")
            interop(Peer.SQUID, Role.FORWARD_PROXY, "CONNECT to wss, $name: $EXCHANGE") {
                squid("http_access allow all") {
                    throughToWss(ProxyServer.http(HOST, it), version)
                }
            }
        }

        interop(Peer.SQUID, Role.FORWARD_PROXY, "CONNECT to ws: $EXCHANGE") {
            squid("http_access allow all") { throughToWs(ProxyServer.http(HOST, it)) }
        }

        interop(Peer.SQUID, Role.FORWARD_PROXY, "https proxy, TLS in TLS: $EXCHANGE") {
            val certificate = PemFiles.rsa
            val tls = "tls-cert=${certificate.certificate} tls-key=${certificate.key}"
            squid("http_access allow all", "https_port", tls) {
                val proxy = ProxyServer.https("localhost", it)
                throughToWss(proxy)
                throughToWs(proxy)
            }
        }

        interop(Peer.SQUID, Role.FORWARD_PROXY, "forbidden target") {
            squid("http_access deny all") {
                refused(ProxyServer.http(HOST, it)).status shouldBe 403
            }
            text = "ProxyException with status 403"
        }

        for ((peer, start) in HTTP_PROXIES_WITH_PASSWORD) {
            interop(peer, Role.FORWARD_PROXY, "CONNECT with a password, sent at once: $EXCHANGE") {
                start {
                    val proxy = ProxyServer.http(HOST, it).withCredentials(USER, PASSWORD)
                    throughToWss(proxy)
                    throughToWs(proxy)
                }
            }

            interop(peer, Role.FORWARD_PROXY, "CONNECT with a password, sent after 407") {
                start {
                    throughToWss(
                        ProxyServer.http(HOST, it).withCredentialsOnRequest(USER, PASSWORD),
                    )
                }
            }

            interop(peer, Role.FORWARD_PROXY, "wrong password, or none") {
                start {
                    val proxy = ProxyServer.http(HOST, it)
                    val wrong = refused(proxy.withCredentials(USER, "wrong")).status
                    refused(proxy).status shouldBe 407
                    text = "ProxyException with status $wrong, or 407"
                }
            }

            interop(peer, Role.FORWARD_PROXY, "target where nobody listens") {
                start {
                    val proxy = ProxyServer.http(HOST, it).withCredentials(USER, PASSWORD)
                    text = "ProxyException with status ${refused(proxy).status}"
                }
            }
        }

        interop(Peer.TINYPROXY, Role.FORWARD_PROXY, "forbidden port") {
            tinyproxy("ConnectPort 443") {
                refused(ProxyServer.http(HOST, it)).status shouldBe 403
            }
            text = "ProxyException with status 403"
        }

        interop(Peer.DANTE, Role.FORWARD_PROXY, "SOCKS5 to wss and ws: $EXCHANGE") {
            dante("pass") {
                throughToWss(ProxyServer.socks5(HOST, it))
                throughToWs(ProxyServer.socks5(HOST, it))
            }
        }

        interop(Peer.DANTE, Role.FORWARD_PROXY, "forbidden target") {
            dante("block") { refused(ProxyServer.socks5(HOST, it)).socksReply shouldBe 2 }
            text = "ProxyException with SOCKS reply 2"
        }

        interop(Peer.DANTE, Role.FORWARD_PROXY, "target where nobody listens") {
            dante("pass") { refused(ProxyServer.socks5(HOST, it)).socksReply shouldBe 5 }
            text = "ProxyException with SOCKS reply 5"
        }

        interop(Peer.MICROSOCKS, Role.FORWARD_PROXY, "SOCKS5 to wss and ws: $EXCHANGE") {
            microsocks {
                throughToWss(ProxyServer.socks5(HOST, it))
                throughToWs(ProxyServer.socks5(HOST, it))
            }
        }

        interop(Peer.MICROSOCKS, Role.FORWARD_PROXY, "SOCKS5 with a password: $EXCHANGE") {
            microsocks("-u", USER, "-P", PASSWORD) {
                throughToWss(ProxyServer.socks5(HOST, it).withCredentials(USER, PASSWORD))
            }
        }

        interop(Peer.MICROSOCKS, Role.FORWARD_PROXY, "wrong password, or none") {
            microsocks("-u", USER, "-P", PASSWORD) {
                val proxy = ProxyServer.socks5(HOST, it)
                refused(proxy.withCredentials(USER, "wrong"))
                refused(proxy)
            }
            text = "ProxyException"
        }

        interop(Peer.MICROSOCKS, Role.FORWARD_PROXY, "target where nobody listens") {
            microsocks { refused(ProxyServer.socks5(HOST, it)).socksReply shouldBe 5 }
            text = "ProxyException with SOCKS reply 5"
        }
    })

private const val EXCHANGE = "exchange"
private const val HOST = "127.0.0.1"

private const val USER = "ann"
private const val PASSWORD = "secret"

/** Start a proxy that knows only [USER], and run a block with its port. */
private val HTTP_PROXIES_WITH_PASSWORD =
    mapOf<Peer, suspend (suspend (port: Int) -> Unit) -> Unit>(
        Peer.SQUID to { squid(squidPassword(), block = it) },
        Peer.TINYPROXY to { tinyproxy("BasicAuth $USER $PASSWORD", it) },
    )

private suspend fun throughToWss(proxy: ProxyServer, version: String = "TLSv1.3") =
    EchoServer.secure({ protocols = listOf(version) }) { port ->
        trustingClient { this.proxy = proxy }.connect("wss://localhost:$port/") {
            transportDetails.tls?.protocol shouldBe version
            exchange()
        }
        nextEnded().shouldHaveEndedCleanly()
    }

private suspend fun throughToWs(proxy: ProxyServer) = EchoServer.run { port ->
    trustingClient { this.proxy = proxy }.connect("ws://localhost:$port/") { exchange() }
    nextEnded().shouldHaveEndedCleanly()
}

/** The refusal of a tunnel to a port at which nothing listens. */
private suspend fun refused(proxy: ProxyServer): ProxyException = shouldThrow {
    val port = ProcessWithConfig.freePort()
    trustingClient { this.proxy = proxy }.connect("wss://localhost:$port/")
}

private suspend fun squid(
    access: String,
    kind: String = "http_port",
    options: String = "",
    block: suspend (port: Int) -> Unit,
) {
    val port = ProcessWithConfig.freePort()
    val config = """
        $kind $HOST:$port $options
        pid_filename none
        cache_log /dev/null
        access_log none
        cache deny all
        netdb_filename none
        coredump_dir none
        shutdown_lifetime 0 seconds
        visible_hostname localhost
    """.trimIndent() + "\n$access\n"
    ProcessWithConfig.start("squid", config, "-N", "-d1", "-f").listening(port, block)
}

/** Rules that let in only [USER]. */
private fun squidPassword(): String {
    val passwords = File(workFolder(), "squid-passwords")
    val hash = Program.start("openssl", "passwd", "-apr1", PASSWORD).use { it.readAll().trim() }
    passwords.writeText("$USER:$hash\n")
    return """
        auth_param basic program /usr/lib/squid/basic_ncsa_auth $passwords
        auth_param basic realm a proxy
        acl known proxy_auth REQUIRED
        http_access allow known
        http_access deny all
    """.trimIndent()
}

private suspend fun tinyproxy(more: String, block: suspend (port: Int) -> Unit) {
    val port = ProcessWithConfig.freePort()
    val config = "Port $port\nListen $HOST\nTimeout 60\nMaxClients 20\nAllow $HOST\n$more\n"
    ProcessWithConfig.start("tinyproxy", config, "-d", "-c").listening(port, block)
}

private suspend fun dante(verdict: String, block: suspend (port: Int) -> Unit) {
    val port = ProcessWithConfig.freePort()
    val config = """
        logoutput: stderr
        internal: $HOST port = $port
        external: $HOST
        clientmethod: none
        socksmethod: none
        user.unprivileged: nobody
        client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
        socks $verdict { from: 127.0.0.0/8 to: 0.0.0.0/0 }
    """.trimIndent() + "\n"
    ProcessWithConfig.start("danted", config, "-p", "danted.pid", "-f").listening(port, block)
}

private suspend fun microsocks(vararg arguments: Any, block: suspend (port: Int) -> Unit) {
    val port = ProcessWithConfig.freePort()
    Program.start("microsocks", "-i", HOST, "-p", port, *arguments)
        .use { it.listening(port, block) }
}
