package dev.kobahn.internal.server

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class TrustedProxiesTest :
    FunSpec({
        test("a single address is trusted, its neighbours are not") {
            val proxies = TrustedProxies(listOf("10.0.0.7", "2001:db8::1"))
            proxies.contains("tcp4:10.0.0.7:4711") shouldBe true
            proxies.contains("tcp4:10.0.0.6:4711") shouldBe false
            proxies.contains("tcp6:2001:db8::1:4711") shouldBe true
            proxies.contains("tcp6:2001:db8::2:4711") shouldBe false
        }

        test("a range is trusted up to its edges, and no further") {
            val proxies = TrustedProxies(listOf("172.16.0.0/12", "fc00::/7", "192.0.2.128/25"))
            val inside = listOf("172.16.0.0", "172.31.255.255", "192.0.2.128", "192.0.2.255")
            val outside = listOf("172.15.255.255", "172.32.0.0", "192.0.2.127", "192.0.3.128")
            inside.filter { proxies.contains("tcp4:$it:1") } shouldBe inside
            outside.filter { proxies.contains("tcp4:$it:1") } shouldBe emptyList()
            proxies.contains("tcp6:fdff::1:1") shouldBe true
            proxies.contains("tcp6:fe00::1:1") shouldBe false
        }

        test("a range of length 0 contains every address of its family") {
            TrustedProxies(listOf("0.0.0.0/0")).contains("tcp4:203.0.113.9:1") shouldBe true
            TrustedProxies(listOf("0.0.0.0/0")).contains("tcp6:::1:1") shouldBe false
        }

        test("a peer on a Unix socket is trusted, a peer without an address is not") {
            TrustedProxies(emptyList()).contains("unix:/run/app.sock") shouldBe true
            TrustedProxies(emptyList()).contains("unix:/run/app.sock", isTold = true) shouldBe false
            TrustedProxies(listOf("10.0.0.7"))
                .contains("tcp4:10.0.0.7:1", isTold = true) shouldBe true
            TrustedProxies(listOf("0.0.0.0/0", "::/0")).contains("memory") shouldBe false
        }

        test("names, lengths out of range and nonsense are refused") {
            val wrong =
                listOf(
                    "localhost",
                    "10.0.0",
                    "10.0.0.256",
                    "10.0.0.0/33",
                    "::1/129",
                    "::/-1",
                    "1/x",
                    "",
                )
            for (text in wrong) {
                shouldThrow<IllegalArgumentException> { TrustedProxies(listOf(text)) }
                TrustedProxies.isValid(text) shouldBe false
            }
            TrustedProxies.isValid("10.0.0.0/8") shouldBe true
        }

        test("proxies of the PROXY protocol may be addresses, ranges, and all on Unix sockets") {
            ProxyProtocolPeers(emptyList()).isEmpty shouldBe true
            ProxyProtocolPeers(listOf("unix")).isEmpty shouldBe false
            ProxyProtocolPeers(listOf("unix")).contains("unix:/run/app.sock") shouldBe true
            ProxyProtocolPeers(listOf("unix")).contains("tcp4:10.0.0.1:1") shouldBe false
            ProxyProtocolPeers(listOf("10.0.0.0/8")).contains("tcp4:10.0.0.1:1") shouldBe true
            ProxyProtocolPeers(listOf("0.0.0.0/0")).contains("unix:/run/app.sock") shouldBe false
            ProxyProtocolPeers.isValid("unix") shouldBe true
            ProxyProtocolPeers.isValid("proxy.example") shouldBe false
        }
    })
