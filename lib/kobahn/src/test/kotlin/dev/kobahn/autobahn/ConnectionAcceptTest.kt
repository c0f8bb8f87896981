package dev.kobahn.autobahn

import dev.kobahn.protocol.handshake.headersOf
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe

class ConnectionAcceptTest :
    FunSpec({
        test("an acceptance has no subprotocol and no headers unless they are given") {
            ConnectionAccept().subprotocol.shouldBeNull()
            ConnectionAccept().headers.names.shouldBeEmpty()
            val accept = ConnectionAccept("chat", headersOf("X-Node" to "7"))
            accept.subprotocol shouldBe "chat"
            accept.headers["X-Node"] shouldBe "7"
        }

        test("an acceptance shows itself as JSON") {
            val headers = headersOf("X-Node" to "7")
            ConnectionAccept("chat", headers).toString() shouldBe
                """{"subprotocol": "chat", "headers": {"x-node": "7"}}"""
            ConnectionAccept().toJson() shouldBe """{"subprotocol": null, "headers": {}}"""
        }
    })
