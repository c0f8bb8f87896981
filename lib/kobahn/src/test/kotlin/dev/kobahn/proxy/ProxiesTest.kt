package dev.kobahn.proxy

import dev.kobahn.protocol.handshake.WebSocketUrl
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.io.IOException
import java.net.InetSocketAddress
import java.net.Proxy
import java.net.ProxySelector
import java.net.SocketAddress
import java.net.URI
import java.net.UnknownHostException

class ProxiesTest :
    FunSpec({
        suspend fun chosen(url: String, vararg variables: Pair<String, String>) =
            Proxies.fromEnvironment(mapOf(*variables)).proxyFor(WebSocketUrl.parse(url))?.toString()

        test("the environment's variables count in the order of RFC 6455 section 4.1") {
            val all = listOf("ws_proxy", "socks_proxy", "https_proxy", "http_proxy", "all_proxy")
                .map { it to "http://${it.replace('_', '-')}:1" }
            for (skipped in all.indices) {
                val rest = all.drop(skipped).toTypedArray()
                chosen("ws://a.example", *rest) shouldBe rest.first().second
            }
            chosen("ws://a.example").shouldBeNull()
        }

        test("a wss URL has its own variable and does not use http_proxy") {
            val secure = listOf("wss_proxy" to "w:1", "https_proxy" to "s:1", "all_proxy" to "a:1")
            for (skipped in secure.indices) {
                val rest = secure.drop(skipped).toTypedArray()
                chosen(
                    "wss://a.example",
                    "ws_proxy" to "x:1",
                    "http_proxy" to "y:1",
                    *rest,
                ) shouldBe
                    "http://" + rest.first().second
            }
            chosen("wss://a.example", "http_proxy" to "y:1").shouldBeNull()
        }

        test("upper-case names count too, after lower-case ones; an empty value is no proxy") {
            chosen("ws://a.example", "HTTPS_PROXY" to "up:1") shouldBe "http://up:1"
            chosen("ws://a.example", "HTTPS_PROXY" to "up:1", "https_proxy" to "low:1") shouldBe
                "http://low:1"
            chosen("ws://a.example", "ws_proxy" to "", "all_proxy" to "all:1").shouldBeNull()
        }

        test("HTTP_PROXY of a CGI program comes from its client and is ignored") {
            chosen(
                "ws://a.example",
                "HTTP_PROXY" to "evil:1",
                "REQUEST_METHOD" to "GET",
            ).shouldBeNull()
            chosen("ws://a.example", "http_proxy" to "good:1", "REQUEST_METHOD" to "GET") shouldBe
                "http://good:1"
        }

        test("the hosts of NO_PROXY and this machine have no proxy") {
            val proxy = "all_proxy" to "p:1"
            chosen("ws://host.corp", proxy, "NO_PROXY" to "corp").shouldBeNull()
            chosen("ws://host.corp:81", proxy, "no_proxy" to "host.corp:80") shouldBe "http://p:1"
            for (host in listOf("localhost", "127.0.0.1", "[::1]")) {
                chosen("ws://$host:9000", proxy).shouldBeNull()
            }
        }

        test("a malformed variable is named, without its value") {
            shouldThrow<IllegalArgumentException> {
                Proxies.fromEnvironment(mapOf("all_proxy" to "gopher://u:secret@p"))
            }.message shouldStartWith "all_proxy: the scheme of the proxy's URL must be"
        }

        test("a selector without an answer for http or https is asked for a socket") {
            val selector = Selector { emptyList() }
            Proxies.system(selector).proxyFor(WebSocketUrl.parse("ws://a.example/x?secret"))
                .shouldBeNull()
            Proxies.system(selector).proxyFor(WebSocketUrl.parse("wss://[2001:db8::1]/"))
            selector.asked shouldContainExactly listOf(
                "http://a.example:80/",
                "socket://a.example:80",
                "https://[2001:db8::1]:443/",
                "socket://[2001:db8::1]:443",
            )
        }

        test("a direct connection that the selector chooses is not asked about again") {
            val selector = Selector { listOf(Proxy.NO_PROXY) }
            Proxies.system(selector).proxyFor(WebSocketUrl.parse("wss://a.example/"))
                .shouldBeNull()
            selector.asked shouldContainExactly listOf("https://a.example:443/")
        }

        test("the system's selector is asked without a zone, and no exception is untyped") {
            val selector = Selector { listOf(Proxy.NO_PROXY) }
            Proxies.system(selector).proxyFor(WebSocketUrl.parse("ws://[fe80::1%25a!b]/"))
            Proxies.system(selector).proxyFor(WebSocketUrl.parse("ws://a%2eexample/"))
            selector.asked.filter { it.startsWith("http") } shouldContainExactly
                listOf("http://[fe80::1]:80/", "http://a%2eexample:80/")
            shouldThrow<UnknownHostException> {
                Proxies.system(selector).proxyFor(WebSocketUrl.parse("ws://[:::::]/"))
            }.message shouldContain ":::::"
        }

        test("the first proxy of the selector's list counts") {
            val address = InetSocketAddress.createUnresolved("p.example", 3128)
            val url = WebSocketUrl.parse("wss://a.example/")
            val http = Selector { listOf(Proxy(Proxy.Type.HTTP, address), Proxy.NO_PROXY) }
            Proxies.system(http).proxyFor(url).toString() shouldBe "http://p.example:3128"
            val socks = Selector { uri ->
                listOf(Proxy(Proxy.Type.SOCKS, address)).filter { uri.scheme == "socket" }
            }
            Proxies.system(socks).proxyFor(url).toString() shouldBe "socks5://p.example:3128"
        }

        test("the system is not asked about this machine") {
            val selector = Selector { error("asked for $it") }
            Proxies.system(
                selector,
            ).proxyFor(WebSocketUrl.parse("ws://localhost:9000")).shouldBeNull()
        }

        test("the JDK's selector answers by its system properties") {
            val url = WebSocketUrl.parse("wss://a.example/")
            Proxies.system().proxyFor(url).shouldBeNull()
            withProperties("https.proxyHost" to "h.example", "https.proxyPort" to "3128") {
                Proxies.system().proxyFor(url).toString() shouldBe "http://h.example:3128"
            }
            withProperties("socksProxyHost" to "s.example") {
                Proxies.system().proxyFor(url).toString() shouldBe "socks5://s.example:1080"
            }
            withProperties(
                "socksProxyHost" to "s.example",
                "http.nonProxyHosts" to "*.internal",
            ) {
                for (scheme in listOf("ws", "wss")) {
                    val inside = WebSocketUrl.parse("$scheme://a.internal/")
                    Proxies.system().proxyFor(inside).shouldBeNull()
                    val outside = WebSocketUrl.parse("$scheme://a.example/")
                    Proxies.system().proxyFor(outside).toString() shouldBe
                        "socks5://s.example:1080"
                }
            }
        }
    })

private class Selector(private val answer: (URI) -> List<Proxy>) : ProxySelector() {
    val asked = ArrayList<String>()

    override fun select(uri: URI): List<Proxy> = answer(uri).also { asked += uri.toString() }

    override fun connectFailed(uri: URI, address: SocketAddress, failure: IOException) = Unit
}

private suspend fun withProperties(
    vararg properties: Pair<String, String>,
    test: suspend () -> Unit,
) {
    properties.forEach { (name, value) -> System.setProperty(name, value) }
    try {
        test()
    } finally {
        properties.forEach { (name, _) -> System.clearProperty(name) }
    }
}
