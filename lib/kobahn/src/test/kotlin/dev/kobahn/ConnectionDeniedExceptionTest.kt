package dev.kobahn

import dev.kobahn.autobahn.toJson
import dev.kobahn.protocol.handshake.headersOf
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class ConnectionDeniedExceptionTest :
    FunSpec({
        test("the answer has the status and its standard phrase, unless another is given") {
            val plain = ConnectionDeniedException(404)
            plain.status shouldBe 404
            plain.reason shouldBe ""
            plain.response.reason shouldBe "Not Found"
            val own = ConnectionDeniedException(404, "Gone fishing", body = "back at noon")
            own.reason shouldBe "Gone fishing"
            own.response.reason shouldBe "Gone fishing"
            own.response.body.decodeToString() shouldBe "back at noon"
        }

        test("a denial shows itself as JSON") {
            val headers = headersOf("X-Node" to "7")
            ConnectionDeniedException(403, headers = headers, body = "no").toJson() shouldBe
                """{"code": 403, "reason": "Forbidden", "headers": {"x-node": "7", """ +
                """"content-type": "text/plain; charset=utf-8"}}"""
            ConnectionDeniedException(403).toString() shouldBe
                "dev.kobahn.ConnectionDeniedException: denied with 403"
        }
    })
