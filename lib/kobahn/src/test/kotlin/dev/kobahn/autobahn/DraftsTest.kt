package dev.kobahn.autobahn

import dev.kobahn.WebSocketClientOptions
import dev.kobahn.protocol.handshake.ClientHandshake
import dev.kobahn.protocol.handshake.ConnectingRequest
import dev.kobahn.protocol.handshake.SAMPLE_BYTES
import dev.kobahn.protocol.handshake.vectors
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe

class DraftsTest :
    FunSpec({
        test("versions and drafts go together") {
            Drafts.SUPPORTED.map(Drafts::toVersion)
                .shouldContainExactly(8, 8, 8, 13, 13, 13, 13, 13, 13)
            Drafts.ofVersion(8) shouldBe 12
            Drafts.ofVersion(13) shouldBe Drafts.DEFAULT
            shouldThrow<IllegalArgumentException> { Drafts.ofVersion(7) }
            shouldThrow<IllegalArgumentException> { Drafts.toVersion(9) }
            shouldThrow<IllegalArgumentException> { Drafts.toVersion(19) }
        }

        test("a client speaks the draft that its options are set to") {
            val options = WebSocketClientOptions()
            options.version shouldBe 13
            Drafts.set(options, 10)
            options.version shouldBe 8
            options.originField shouldBe "Sec-WebSocket-Origin"
            Drafts.set(options, 18)
            options.version shouldBe 13
            options.originField shouldBe "Origin"
        }

        context("the draft decides the version and the name of the origin") {
            vectors(
                Triple(10, "8", "Sec-WebSocket-Origin"),
                Triple(11, "8", "Origin"),
                Triple(12, "8", "Origin"),
                Triple(13, "13", "Origin"),
                Triple(17, "13", "Origin"),
                Triple(18, "13", "Origin"),
            ) { (draft, version, name) ->
                val request = ClientHandshake(
                    ConnectingRequest(origin = "http://a"),
                    SAMPLE_BYTES,
                    isSecure = false,
                    emptyList(),
                    Drafts.toVersion(draft),
                    Drafts.originField(draft),
                ).request
                String(request.toBytes()).lines() shouldContainAll
                    listOf("GET / HTTP/1.1", "Sec-WebSocket-Version: $version", "$name: http://a")
                request.headers.names.count { it.endsWith("Origin") } shouldBe 1
            }
        }
    })
