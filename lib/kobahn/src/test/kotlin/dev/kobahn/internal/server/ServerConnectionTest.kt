package dev.kobahn.internal.server

import dev.kobahn.protocol.handshake.HttpResponse
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.awaitCancellation

private const val PAGE = 300_000

private val LONG_REQUEST = ServerRig.REQUEST.removeSuffix("\r\n") +
    (0..<8).joinToString("") { "X-$it: ${"x".repeat(7_500)}\r\n" } + "\r\n"

private val LENGTH = LONG_REQUEST.length.toLong()

/** What a connection of a server counts as held besides its messages. */
class ServerConnectionTest :
    FunSpec({
        fun rig(memoryBudget: Long = 10_000_000) = ServerRig {
            this.memoryBudget = memoryBudget
            onRequest { if (it.path == "/page") HttpResponse.html("p".repeat(PAGE)) else null }
            onConnect {
                accept()
                awaitCancellation()
            }
        }

        test("a long request counts once as long as its WebSocket is open") {
            val rig = rig()
            val budget = rig.context.budget!!
            rig.receive(LONG_REQUEST.dropLast(2))
            budget.used shouldBe LENGTH - 2
            rig.receive("\r\n")
            rig.answer.toString() shouldStartWith "HTTP/1.1 101 "
            budget.used shouldBe LENGTH
            val another = rig.another()
            another.receive(LONG_REQUEST)
            budget.used shouldBe 2 * LENGTH
            rig.vanish()
            another.vanish()
            budget.used shouldBe 0
        }

        test("a WebSocket whose request is too much for the budget does not stay") {
            val rig = rig(memoryBudget = 2 * LENGTH + 10_000)
            rig.receive(LONG_REQUEST)
            val others = List(2) { rig.another().apply { receive(LONG_REQUEST) } }
            (listOf(rig) + others).count { it.ended } shouldBe 2
            rig.context.budget!!.used shouldBe LENGTH
        }

        test("an answer in plain HTTP counts until it is written") {
            val rig = rig()
            rig.stopReading()
            rig.receive("GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n")
            val before = rig.context.budget!!.used
            (before in PAGE - 70_000L..PAGE + 1_000) shouldBe true
            rig.takeOnce()
            (rig.context.budget.used < before) shouldBe true
            repeat(5) { rig.takeOnce() }
            rig.answer.length shouldBe rig.answer.indexOf("\r\n\r\n") + 4 + PAGE
            rig.context.budget.used shouldBe 0
        }

        test("a client that takes a page slowly loses it when memory is short for five seconds") {
            val rig = rig(memoryBudget = 301_000)
            rig.stopReading()
            rig.receive("GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n")
            rig.loop.advanceBy(4.seconds)
            rig.ended shouldBe false
            rig.loop.advanceBy(1.seconds)
            rig.ended shouldBe true
            rig.context.budget!!.used shouldBe 0
        }
    })
