package dev.kobahn.protocol.handshake

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class HttpStatusTest :
    FunSpec({
        test("the statuses have the values Autobahn gives them") {
            mapOf(
                HttpStatus.BAD_REQUEST to 400,
                HttpStatus.FORBIDDEN to 403,
                HttpStatus.NOT_FOUND to 404,
                HttpStatus.NOT_ACCEPTABLE to 406,
                HttpStatus.REQUEST_TIMEOUT to 408,
                HttpStatus.INTERNAL_SERVER_ERROR to 500,
                HttpStatus.NOT_IMPLEMENTED to 501,
                HttpStatus.SERVICE_UNAVAILABLE to 503,
            ).forEach { (status, value) -> status shouldBe value }
        }
    })
