package dev.kobahn.protocol.handshake

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class SecretsTest :
    FunSpec({
        test("secrets match if all their characters do") {
            Secrets.match("tökén", "tökén") shouldBe true
            Secrets.match("token", "tokem") shouldBe false
            Secrets.match("toke", "token") shouldBe false
            Secrets.match("", "") shouldBe true
            Secrets.match(null, "") shouldBe false
        }
    })
