package dev.kobahn.protocol.handshake

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe

class OriginTest :
    FunSpec({
        context("an origin is read as scheme, host and port, in lower case") {
            vectors(
                "http://example.com" to "http://example.com:80",
                "HTTPS://Example.COM" to "https://example.com:443",
                "https://example.com:8443" to "https://example.com:8443",
                "http://example.com/path?q" to "http://example.com:80",
                "http://[::1]:90" to "http://[::1]:90",
                "chrome-extension://abcdef" to "chrome-extension://abcdef:none",
            ) { (value, text) -> Origin.parse(value).shouldNotBeNull().text shouldBe text }
        }

        context("null and files are the null origin") {
            vectors("null", "NULL", "file://", "file:///etc/passwd", "FILE://x") { value ->
                Origin.parse(value).shouldNotBeNull().isNull shouldBe true
            }
        }

        context("anything else is not an origin") {
            vectors(
                "", "example.com", "http:", "http://", "http:///x", "http:x", "://x", "http://a b",
                "http://a:b",
                "http://a:0", "http://a:65536", "http://a:", "http://good.com@evil.com",
                "http://a, http://b",
                "http://[::1", "http://a\\b", "a b://c", "a\"b://c", "a*://b",
            ) { value -> Origin.parse(value).shouldBeNull() }
        }

        context("a pattern is compared with the whole origin and only the star is special") {
            vectors(
                Triple("*", "http://a", true),
                Triple("http://a.com:80", "http://a.com", true),
                Triple("http://A.com:80", "http://a.COM", true),
                Triple("http://a.com", "http://a.com", true),
                Triple("http://a.com", "http://a.com:80", true),
                Triple("http://a.com", "http://a.com:8080", false),
                Triple("http://a.com", "https://a.com", false),
                Triple("https://*.example.com", "https://www.example.com", true),
                Triple("https://*.example.com", "https://www.example.com:8443", false),
                Triple("https://*.example.com", "https://www.example.com.evil.com", false),
                Triple("*://a.com", "https://a.com", true),
                Triple("*://a.com", "http://a.com:443", false),
                Triple("app://anything", "app://anything", true),
                Triple("https://[::1]", "https://[::1]:443", true),
                Triple("http://a.com:80", "http://aXcom", false),
                Triple("http://a.com:80", "http://a.com:8080", false),
                Triple("http://a.com:80", "http://a.com.evil.com", false),
                Triple("https://*.example.com:443", "https://www.example.com", true),
                Triple("https://*.example.com:443", "https://a.b.example.com", true),
                Triple("https://*.example.com:443", "https://example.com", false),
                Triple("https://*.example.com:443", "https://www.example.com.evil.com", false),
                Triple("https://*.example.com:443", "https://evilexample.com", false),
                Triple("*://*.example.com:*", "http://x.example.com:81", true),
                Triple("*://*.example.com:*", "http://example.com:81", false),
                Triple("http://[ab].com:80", "http://a.com", false),
                Triple("http://a+.com:80", "http://aa.com", false),
                Triple("http://(a|b).com:80", "http://a.com", false),
                Triple(".+", "http://a.com", false),
                Triple("http://a*a:80", "http://a", false),
                Triple("http://*a*b*:80", "http://xaxbx", true),
                Triple("http://*a*b*:80", "http://xbxa", false),
                Triple("app://*:None", "app://anything", true),
            ) { (pattern, origin, permitted) ->
                permits(AllowedOrigins(listOf(pattern)), origin) shouldBe
                    permitted
            }
        }

        test("any of several patterns permits, and none of none") {
            val two = AllowedOrigins(listOf("http://a:80", "http://b:80"))
            permits(two, "http://b") shouldBe true
            permits(two, "http://c") shouldBe false
            permits(AllowedOrigins(emptyList()), "http://a") shouldBe false
            permits(AllowedOrigins.SAME, "http://a") shouldBe false
        }

        test("the null origin is let in only by its own switch") {
            permits(AllowedOrigins.ANY, "null") shouldBe false
            permits(AllowedOrigins(listOf("null", "*")), "null") shouldBe false
            permits(AllowedOrigins(emptyList(), allowNullOrigin = true), "null") shouldBe true
            permits(AllowedOrigins(emptyList(), allowNullOrigin = true), "http://a") shouldBe false
        }

        test("an empty pattern is an error") {
            shouldThrow<IllegalArgumentException> { AllowedOrigins(listOf("")) }
        }

        context("a pattern that no origin fits is told from one that some do") {
            vectors(
                "*", "https://a.example:443", "https://A.example:443", "*://*.example.com:*",
                "https://a.example:*", "https://*:*", "https://*", "*://*",
                "https://*:443", "http://[::1]:80", "chrome-extension://abc:none", "*443", "*:80",
                "*ne", "https://a.example", "https://*.example.com", "*://a.example",
                "*.example.com",
                "app://abc", "http://[::1]", "http://*::1]", "same-origin",
            ) { AllowedOrigins.isPattern(it) shouldBe true }
            vectors(
                "", "null", "https://a.example:", "https://a.example:x",
                "a.example:443", "*://*.example.com:", "file://", "https://a.example/",
                "https://a.example:443/", "https://a.example:0443", "https://*.example.com/",
                "same-site", "a_b://c",
                "https://app.example.com*", "https://app.example.com:4*", "https://app.*", "**",
            ) { AllowedOrigins.isPattern(it) shouldBe false }
        }
    })

private fun permits(allowed: AllowedOrigins, origin: String) =
    allowed.permits(Origin.parse(origin).shouldNotBeNull(), host = null)
