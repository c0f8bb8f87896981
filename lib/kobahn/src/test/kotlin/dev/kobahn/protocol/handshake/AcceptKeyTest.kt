package dev.kobahn.protocol.handshake

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.byte
import io.kotest.property.arbitrary.byteArray
import io.kotest.property.arbitrary.constant
import io.kotest.property.checkAll

class AcceptKeyTest :
    FunSpec({
        test("the key of the RFC gives the accept value of the RFC") {
            AcceptKey.encode(SAMPLE_BYTES) shouldBe SAMPLE_KEY
            AcceptKey.of(SAMPLE_KEY) shouldBe SAMPLE_ACCEPT
        }

        test("sixteen bytes of any value make a valid key") {
            checkAll(500, Arb.byteArray(Arb.constant(16), Arb.byte())) { bytes ->
                AcceptKey.isValid(AcceptKey.encode(bytes)) shouldBe true
            }
        }

        context("sixteen bytes, no more and no fewer, make a key") {
            vectors(0, 15, 17) { size ->
                shouldThrow<IllegalArgumentException> { AcceptKey.encode(ByteArray(size)) }
            }
        }

        context("anything but the Base64 form of sixteen bytes is invalid") {
            vectors(
                "",
                "dGhlIHNhbXBsZSBub25jZQ=",
                "dGhlIHNhbXBsZSBub25jZQ",
                "dGhlIHNhbXBsZSBub25jZQ===",
                "dGhlIHNhbXBsZSBub25jZXM=",
                "dGhlIHNhbXBsZSBub25jZR==",
                "dGhlIHNhbXBsZSBub25j-Q==",
                "dGhlIHNhbXBsZSBub2=jZQ==",
                "dGhlIHNhbXBs SBub25jZQ==",
                "dGhlIHNhbXBsZSBub25jZQ=A",
                "dGhlIHNhbXBsZSBub25jäQ==",
            ) { key -> AcceptKey.isValid(key) shouldBe false }
        }
    })
