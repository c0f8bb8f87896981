package dev.kobahn.internal.server

import dev.kobahn.internal.connection.TICK
import dev.kobahn.protocol.handshake.HttpResponse
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** How long a client may take for an answer in plain HTTP. */
class AnswerTimeoutTest :
    FunSpec({
        test("a page arrives, however slowly the client takes it") {
            val rig = askedRig()
            repeat(10) {
                rig.loop.advanceBy(9.seconds)
                rig.ended shouldBe false
                rig.takeOnce()
            }
            rig.takeOnce()
            rig.answer.toString().substringAfter("\r\n\r\n").length shouldBe PAGE
        }

        test("a client that takes nothing for ten seconds loses the rest of its page") {
            val rig = askedRig()
            rig.loop.advanceBy(10.seconds - TICK)
            rig.ended shouldBe false
            rig.loop.advanceBy(TICK)
            rig.ended shouldBe true
            rig.loop.pendingTimers shouldBe 0
        }

        test("a client that has its page has dropTimeout to end the transport") {
            val rig = askedRig(dropTimeout = 3.seconds)
            repeat(11) { rig.takeOnce() }
            rig.loop.advanceBy(3.seconds - TICK)
            rig.ended shouldBe false
            rig.loop.advanceBy(TICK)
            rig.ended shouldBe true
            rig.loop.pendingTimers shouldBe 0
        }

        test("a dropTimeout of zero does not keep a client that was refused for ever") {
            val rig = ServerRig { dropTimeout = Duration.ZERO }
            rig.receive("GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
            rig.loop.advanceBy(10.seconds)
            rig.ended shouldBe true
        }
    })

private const val PAGE = 10_000

private fun askedRig(dropTimeout: Duration = 1.seconds) = ServerRig(capacity = 1000) {
    this.dropTimeout = dropTimeout
    onRequest { HttpResponse(200, body = ByteArray(PAGE) { 'x'.code.toByte() }) }
}.also {
    it.stopReading()
    it.receive("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
}
