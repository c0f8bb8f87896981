package dev.kobahn.protocol

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class ProtocolConfigTest :
    FunSpec({
        test("a client masks and refuses masks, a server the other way round") {
            fun masks(role: Role) =
                ProtocolConfig(role).run { listOf(maskOutgoing, requireMasked, acceptMasked) }
            masks(Role.CLIENT) shouldBe listOf(true, false, false)
            masks(Role.SERVER) shouldBe listOf(false, true, true)
        }

        bothRoles("defaults are safe") {
            config.maxMessagePayloadSize shouldBe 16L * 1024 * 1024
            config.maxFramePayloadSize shouldBe 0
            config.utf8validateIncoming shouldBe true
            config.applyMask shouldBe true
            config.echoCloseCodeReason shouldBe false
        }

        test("a senseless value is refused with the option's name and value") {
            mapOf(
                "maxMessagePayloadSize is -1, must be 0 (no limit) or more" to
                    { ProtocolConfig(Role.CLIENT, maxMessagePayloadSize = -1) },
                "maxFramePayloadSize is -5, must be 0 (no limit) or more" to
                    { ProtocolConfig(Role.SERVER, maxFramePayloadSize = -5) },
                "requireMasked needs acceptMasked" to
                    { ProtocolConfig(Role.SERVER, acceptMasked = false) },
            ).forEach { (message, create) ->
                shouldThrow<IllegalArgumentException> { create() }.message shouldBe message
            }
        }
    })
