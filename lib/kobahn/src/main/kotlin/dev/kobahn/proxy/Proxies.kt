package dev.kobahn.proxy

import dev.kobahn.protocol.handshake.HostAndPort
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.protocol.onOneLine
import java.net.InetSocketAddress
import java.net.Proxy
import java.net.ProxySelector
import java.net.URI
import java.net.URISyntaxException
import java.net.UnknownHostException
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * Choices of proxies that follow the environment or the system. A client uses none of them unless
 * it is told to.
 */
public object Proxies {
    /**
     * Returns the choice by environment variables, which are read now. For a `ws` URL these are, in
     * this order, `ws_proxy`, `socks_proxy`, `https_proxy`, `http_proxy` and `all_proxy`; for a
     * `wss` URL `wss_proxy`, `socks_proxy`, `https_proxy` and `all_proxy`. That is the order of
     * RFC 6455 section 4.1. The first that is set counts; if it is empty, there is no proxy. A
     * lower-case name takes precedence over the upper-case one. `HTTP_PROXY` is ignored if
     * `REQUEST_METHOD` is set, because a client of a CGI program sets it then (CVE-2016-5385).
     *
     * The values are URLs as [ProxyServer.parse] reads them. `no_proxy` names the hosts without a
     * proxy, see [NoProxy]; those of [NoProxy.LOOPBACK] never have one.
     *
     * @param environment the variables; by default those of the process
     * @throws IllegalArgumentException if one of the variables is malformed, naming it
     */
    @JvmStatic
    @JvmOverloads
    public fun fromEnvironment(environment: Map<String, String> = System.getenv()): ProxyChoice =
        EnvironmentProxies(environment)

    /**
     * Returns the choice by a [ProxySelector] of the system: the system properties `https.proxyHost`,
     * `socksProxyHost` and so on, or the settings of the desktop or of Android. The selector is
     * asked for an `https` URL (`http` for `ws`), as it knows nothing of `ws` and `wss`, and if its
     * list is empty, for a `socket` URL. A direct connection in its list is an answer, an exception
     * of `http.nonProxyHosts` for instance: a second question, which knows no exceptions, would
     * overrule it. The selectors of the JDK and of Android need none, since they name a SOCKS proxy
     * for `https` too. The first proxy of the list counts. Hosts of [NoProxy.LOOPBACK] never have a
     * proxy. The selector may block: it runs on `Dispatchers.IO`.
     *
     * @param selector the selector; null, the default, takes that which is the default when a
     * connection is made
     */
    @JvmStatic
    @JvmOverloads
    public fun system(selector: ProxySelector? = null): ProxyChoice = SystemProxies(selector)
}

private class EnvironmentProxies(environment: Map<String, String>) : ProxyChoice {
    private val direct =
        NoProxy.LOOPBACK + NoProxy.parse(value(environment, "no_proxy").orEmpty())
    private val plain = firstOf(
        environment,
        listOf("ws_proxy") + SHARED + "http_proxy" + "all_proxy",
    )
    private val secure = firstOf(environment, listOf("wss_proxy") + SHARED + "all_proxy")

    private fun firstOf(environment: Map<String, String>, names: List<String>): ProxyServer? {
        val name = names.firstOrNull { value(environment, it) != null } ?: return null
        val url = value(environment, name)!!.ifEmpty { return null }
        try {
            return ProxyServer.parse(url)
        } catch (malformed: IllegalArgumentException) {
            throw IllegalArgumentException("$name: ${malformed.message}", malformed)
        }
    }

    private fun value(environment: Map<String, String>, name: String): String? {
        val isForged = name == "http_proxy" && "REQUEST_METHOD" in environment
        val value = environment[name] ?: environment[name.uppercase()].takeUnless { isForged }
        return value?.trim()
    }

    override suspend fun proxyFor(url: WebSocketUrl): ProxyServer? = when {
        direct.matches(url.host, url.port) -> null
        url.isSecure -> secure
        else -> plain
    }

    private companion object {
        val SHARED = listOf("socks_proxy", "https_proxy")
    }
}

private class SystemProxies(private val selector: ProxySelector?) : ProxyChoice {
    override suspend fun proxyFor(url: WebSocketUrl): ProxyServer? {
        if (NoProxy.LOOPBACK.matches(url.host, url.port)) return null
        return suspendCancellableCoroutine { continuation ->
            val question = Runnable { continuation.resumeWith(runCatching { ask(url) }) }
            Dispatchers.IO.dispatch(EmptyCoroutineContext, question)
        }
    }

    private fun ask(url: WebSocketUrl): ProxyServer? {
        val asked = selector ?: ProxySelector.getDefault() ?: return null
        // A zone means nothing to a proxy.
        val authority = "${HostAndPort.bracketed(HostAndPort.withoutZone(url.host))}:${url.port}"
        val scheme = if (url.isSecure) "https" else "http"
        return listOf("$scheme://$authority/", "socket://$authority")
            .firstNotNullOfOrNull { asked.select(uri(it))?.firstOrNull() }
            ?.let(::server)
    }

    private fun uri(text: String): URI = try {
        URI(text)
    } catch (malformed: URISyntaxException) {
        throw UnknownHostException("$text is no address of a host; check it".onOneLine())
            .apply { initCause(malformed) }
    }

    private fun server(proxy: Proxy): ProxyServer? {
        val address = proxy.address() as? InetSocketAddress ?: return null
        return when (proxy.type()) {
            Proxy.Type.HTTP -> ProxyServer.http(address.hostString, address.port)
            Proxy.Type.SOCKS -> ProxyServer.socks5(address.hostString, address.port)
            else -> null
        }
    }
}
