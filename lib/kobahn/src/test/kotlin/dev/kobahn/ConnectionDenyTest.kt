package dev.kobahn

import dev.kobahn.protocol.handshake.headersOf
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe

class ConnectionDenyTest :
    FunSpec({
        test("the statuses have the values Autobahn gives them") {
            mapOf(
                ConnectionDeny.BAD_REQUEST to 400,
                ConnectionDeny.FORBIDDEN to 403,
                ConnectionDeny.NOT_FOUND to 404,
                ConnectionDeny.NOT_ACCEPTABLE to 406,
                ConnectionDeny.REQUEST_TIMEOUT to 408,
                ConnectionDeny.INTERNAL_SERVER_ERROR to 500,
                ConnectionDeny.NOT_IMPLEMENTED to 501,
                ConnectionDeny.SERVICE_UNAVAILABLE to 503,
            ).forEach { (status, value) -> status shouldBe value }
        }

        test("the answer has the status and its standard phrase, unless another is given") {
            val plain = ConnectionDeny(404)
            plain.status shouldBe 404
            plain.reason shouldBe ""
            plain.response.reason shouldBe "Not Found"
            val own = ConnectionDeny(404, "Gone fishing", body = "back at noon")
            own.reason shouldBe "Gone fishing"
            own.response.reason shouldBe "Gone fishing"
            own.response.body.decodeToString() shouldBe "back at noon"
        }

        test("an acceptance has no subprotocol and no headers unless they are given") {
            ConnectionAccept().subprotocol.shouldBeNull()
            ConnectionAccept().headers.names.shouldBeEmpty()
            val accept = ConnectionAccept("chat", headersOf("X-Node" to "7"))
            accept.subprotocol shouldBe "chat"
            accept.headers["X-Node"] shouldBe "7"
        }

        test("acceptance and denial show themselves as JSON") {
            val headers = headersOf("X-Node" to "7")
            ConnectionAccept("chat", headers).toString() shouldBe
                """{"subprotocol": "chat", "headers": {"x-node": "7"}}"""
            ConnectionAccept().toJson() shouldBe """{"subprotocol": null, "headers": {}}"""
            ConnectionDeny(403, headers = headers, body = "no").toJson() shouldBe
                """{"code": 403, "reason": "Forbidden", "headers": {"x-node": "7", """ +
                """"content-type": "text/plain; charset=utf-8"}}"""
            ConnectionDeny(403).toString() shouldBe
                "dev.kobahn.ConnectionDeny: denied with 403"
        }
    })
