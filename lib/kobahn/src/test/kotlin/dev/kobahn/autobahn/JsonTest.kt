package dev.kobahn.autobahn

import dev.kobahn.protocol.extension.PerMessageDeflateOffer
import dev.kobahn.protocol.extension.PerMessageDeflateOfferAccept
import dev.kobahn.protocol.handshake.ClientHandshake
import dev.kobahn.protocol.handshake.ClientHandshakeResult
import dev.kobahn.protocol.handshake.ConnectingRequest
import dev.kobahn.protocol.handshake.SAMPLE_BYTES
import dev.kobahn.protocol.handshake.ServerHandshake
import dev.kobahn.protocol.handshake.ServerHandshakeResult
import dev.kobahn.protocol.handshake.headersOf
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf

class JsonTest :
    FunSpec({
        val asked = ConnectingRequest(headers = headersOf("A" to "b"), subprotocols = listOf("p"))
        val client = ClientHandshake(asked, SAMPLE_BYTES)
        val server = ServerHandshake()
        val upgrade = server.check(client.request, "tcp4:1.2.3.4:5")
            .shouldBeInstanceOf<ServerHandshakeResult.Upgrade>()
        val opened = client.check(server.accept(upgrade.request, "p"), "memory")
            .shouldBeInstanceOf<ClientHandshakeResult.Opened>()

        test("a connecting request has Autobahn's names") {
            asked.toJson() shouldBe
                """{"host": "localhost", "port": 80, "resource": "/", "headers": {"a": "b"}, """ +
                """"useragent": null, "origin": null, "protocols": ["p"]}"""
        }

        test("a connection request has Autobahn's names") {
            upgrade.request.toJson() shouldStartWith """{"peer": "tcp4:1.2.3.4:5", "headers": {"""
            upgrade.request.toJson() shouldEndWith
                """, "host": "localhost", "path": "/", "params": {}, """ +
                """"version": 13, "origin": null, "protocols": ["p"], "extensions": []}"""
        }

        test("a connection response has Autobahn's names") {
            opened.response.toJson() shouldStartWith """{"peer": "memory", "headers": {"""
            opened.response.toJson() shouldEndWith
                """, "status": 101, "version": 13, "protocol": "p", "extensions": []}"""
        }

        test("the steps of a negotiation have Autobahn's names") {
            PerMessageDeflateOffer(requestMaxWindowBits = 9).toJson() shouldBe
                """{"extension": "permessage-deflate", "accept_no_context_takeover": true, """ +
                """"accept_max_window_bits": true, "request_no_context_takeover": false, """ +
                """"request_max_window_bits": 9, "max_window_bits": 0}"""
            val offer = PerMessageDeflateOffer()
            PerMessageDeflateOfferAccept(offer, memLevel = 9).toJson() shouldBe
                """{"extension": "permessage-deflate", "offer": ${offer.toJson()}, """ +
                """"request_no_context_takeover": false, "request_max_window_bits": 0, """ +
                """"no_context_takeover": null, "window_bits": null, "mem_level": 9, """ +
                """"max_message_size": null, "compression_level": -1, "threshold": 0, """ +
                """"max_inflate_ratio": 256, "announced": false}"""
        }
    })
