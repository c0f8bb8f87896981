package dev.kobahn.internal.server

import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.RequestHeadParser
import dev.kobahn.protocol.handshake.headOf
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import io.kotest.matchers.types.shouldNotBeSameInstanceAs
import kotlin.random.Random

class SharedHeaderTextTest :
    FunSpec({
        test("connections of one server share values that recur, and no secrets") {
            val text = SharedHeaderText()
            val (one, other) = List(2) { headers(text, REQUEST) }
            for (name in listOf("Host", "User-Agent")) {
                one[name] shouldBeSameInstanceAs other[name]
            }
            one["Authorization"] shouldBe other["Authorization"]
            one["Authorization"] shouldNotBeSameInstanceAs other["Authorization"]
        }

        test("connections of different servers share no values of clients") {
            val (one, other) = List(2) { headers(SharedHeaderText(), REQUEST) }
            one["User-Agent"] shouldBe other["User-Agent"]
            one["User-Agent"] shouldNotBeSameInstanceAs other["User-Agent"]
        }

        test("different values are never mistaken for each other") {
            val random = Random(1)
            val text = SharedHeaderText()
            repeat(5_000) {
                val host = List(random.nextInt(4)) { "Aab.1"[random.nextInt(5)] }.joinToString("")
                headers(text, "GET / HTTP/1.1\r\nHost: $host\r\n\r\n")["Host"] shouldBe host
            }
        }
    })

private const val REQUEST =
    "GET / HTTP/1.1\r\nhost: kobahn.test:8443\r\nUser-Agent: a browser 1.0\r\n" +
        "Authorization: a secret\r\n\r\n"

private fun headers(text: SharedHeaderText, request: String): Headers =
    RequestHeadParser().also { it.values = text }.headOf(request).headers
