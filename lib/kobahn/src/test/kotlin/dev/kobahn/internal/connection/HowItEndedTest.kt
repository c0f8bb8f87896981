package dev.kobahn.internal.connection

import dev.kobahn.CloseStatus
import dev.kobahn.CloseStatus.Initiator.LOCAL
import dev.kobahn.CloseStatus.Initiator.REMOTE
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.Violation
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import java.io.IOException
import kotlin.time.Duration.Companion.seconds

/**
 * Autobahn's table of what `onClose` reports, row by row, as [CloseStatus] has it. Where the two
 * differ on purpose `lib/docs/from-autobahn.md` says so.
 */
class HowItEndedTest :
    FunSpec({
        Role.entries.forEach { role ->
            context("as $role") {
                for (row in ROWS) {
                    test("${row.name}: ${row.expected}") {
                        val rig = rig(role, row)
                        row.play(rig)
                        rig.loop.run()
                        val status = rig.connection.closeStatus.shouldNotBeNull()
                        Expected(status) shouldBe row.expected
                        rig.peer.frames shouldBe row.sent
                    }
                }
            }
        }

        test("a second violation neither ends the transport nor the wait for the peer's Close") {
            val rig = ConnectionRig(Role.SERVER)
            rig.receive(rig.peer.violation())
            rig.receiveBadText()
            rig.receive(rig.peer.violation())
            rig.loop.advanceBy(1.seconds - TICK)
            rig.connection.closeStatus shouldBe null
            rig.peer.frames shouldBe listOf("close 1002")
        }

        test("a connection that was failed here tells our code and our reason") {
            val rig = ConnectionRig(Role.SERVER)
            rig.receive(rig.peer.violation(), rig.peer.close(1000, "bye"))
            rig.peerEnds()
            val status = rig.connection.closeStatus.shouldNotBeNull()
            status.code shouldBe 1002
            status.reason shouldBe Violation.RESERVED_OPCODE.rule
            status.remote?.reason shouldBe "bye"
        }

        test("every unclean end has its cause, a clean one has none") {
            for (row in ROWS) {
                withClue(row.name) { (row.expected.cause == null) shouldBe row.expected.clean }
            }
        }
    })

private fun rig(role: Role, row: Row) = ConnectionRig(
    role,
    failByDrop = row.failByDrop,
    maxMessagePayloadSize = 1000,
    autoPing = AutoPingConfig(60.seconds, 3.seconds, 12, restartOnAnyTraffic = true),
).also { it.connection.incoming }

/** [cause] is the violation, or what kind of exception it was. */
private data class Expected(
    val clean: Boolean,
    val code: Int,
    val initiator: CloseStatus.Initiator,
    val reason: String = "",
    val cause: String? = null,
    val local: Int? = null,
) {
    constructor(status: CloseStatus) : this(
        status.wasClean,
        status.code,
        status.initiator,
        if (status.cause is ProtocolException) "" else status.reason,
        describe(status.cause),
        status.local?.code,
    )

    override fun toString(): String {
        val how = if (clean) "clean" else "unclean"
        return "$how $code $reason".trim() + ", begun by ${initiator.name.lowercase()}" +
            cause?.let { ", because of $it" }.orEmpty()
    }

    private companion object {
        fun describe(cause: Throwable?): String? = when (cause) {
            null -> null
            is ProtocolException -> cause.violation.name
            is IOException -> cause.message
            else -> cause.toString()
        }
    }
}

private class Row(
    val name: String,
    val expected: Expected,
    val sent: List<String>,
    val failByDrop: Boolean = false,
    val play: ConnectionRig.() -> Unit,
)

private fun ConnectionRig.peerEnds() {
    peer.end()
    loop.run()
}

private fun ConnectionRig.receiveBig() = receive(peer.text("x".repeat(1001)))

private fun ConnectionRig.receiveBadText() = receive(peer.frame(0x81, byteArrayOf(-1)))

private const val NO_CLOSE = "the peer ended the transport without a Close"

private val BAD = listOf<Triple<Violation, Int, ConnectionRig.() -> Unit>>(
    Triple(Violation.RESERVED_OPCODE, 1002) { receive(peer.violation()) },
    Triple(Violation.TEXT_NOT_UTF8, 1007) { receiveBadText() },
    Triple(Violation.MESSAGE_TOO_BIG, 1009) { receiveBig() },
    Triple(Violation.CLOSE_CODE_NOT_ALLOWED, 1002) { receive(peer.close(1005)) },
)

private val ROWS = listOf(
    Row(
        "the peer's Close, which we answer",
        Expected(true, 3001, REMOTE, "bye", local = 1000),
        listOf("close 1000"),
    ) {
        receive(peer.close(3001, "bye"))
        peerEnds()
    },
    Row(
        "the peer's Close with a reason beyond ASCII",
        Expected(true, 1001, REMOTE, "tschüß €", local = 1000),
        listOf("close 1000"),
    ) {
        receive(peer.close(1001, "tschüß €"))
        peerEnds()
    },
    Row(
        "the peer's Close without a code",
        Expected(true, 1005, REMOTE, local = 1000),
        listOf("close 1000"),
    ) {
        receive(peer.close())
        peerEnds()
    },
    Row(
        "the peer's Close and at once the end",
        Expected(true, 1000, REMOTE, local = 1000),
        listOf("close 1000"),
    ) {
        peer.send(peer.close(1000))
        peerEnds()
    },
    Row(
        "our Close, which the peer answers",
        Expected(true, 1000, LOCAL, local = 3000),
        listOf("close 3000"),
    ) {
        begin { close(3000, "done") }
        receive(peer.close(1000))
        peerEnds()
    },
    Row(
        "our Close, answered, but the transport does not end",
        Expected(true, 1000, LOCAL, local = 3000),
        listOf("close 3000"),
    ) {
        peer.endsToo = false
        begin { close(3000, "done") }
        receive(peer.close(1000))
        loop.advanceBy(2.seconds)
    },
    Row(
        "our Close, not answered in time",
        Expected(false, 1006, LOCAL, cause = "the peer sent no Close within 1s", local = 1000),
        listOf("close 1000"),
    ) {
        begin { close(1000, "") }
        loop.advanceBy(1.seconds)
    },
    Row(
        "our Close, but the transport ends before the answer",
        Expected(false, 1006, LOCAL, cause = NO_CLOSE, local = 1000),
        listOf("close 1000"),
    ) {
        begin { close(1000, "") }
        peerEnds()
    },
    Row(
        "our Close, but the transport fails before the answer",
        Expected(false, 1006, LOCAL, cause = "reset", local = 1000),
        listOf("close 1000"),
    ) {
        begin { close(1000, "") }
        peer.vanish(IOException("reset"))
    },
    Row(
        "the transport ends while the connection is open",
        Expected(false, 1006, REMOTE, cause = NO_CLOSE),
        emptyList(),
    ) {
        peerEnds()
    },
    Row(
        "the transport fails while the connection is open",
        Expected(false, 1006, REMOTE, cause = "reset"),
        emptyList(),
    ) {
        peer.vanish(IOException("reset"))
    },
    Row(
        "no Pong in time",
        Expected(false, 1006, LOCAL, cause = "the peer sent no Pong within 3s"),
        listOf("ping"),
    ) {
        loop.advanceBy(63.seconds)
    },
    Row(
        "a drop by the application",
        Expected(false, 1006, LOCAL, cause = "the connection was dropped here"),
        emptyList(),
    ) {
        connection.drop()
    },
    Row(
        "a second violation before the answer to the first",
        Expected(false, 1002, LOCAL, cause = "RESERVED_OPCODE", local = 1002),
        listOf("close 1002"),
    ) {
        receive(peer.violation())
        receiveBadText()
        receive(peer.violation(), peer.close(1002))
        peerEnds()
    },
) + BAD.map { (violation, code, play) ->
    Row(
        "$violation with failByDrop",
        Expected(false, 1006, LOCAL, cause = violation.name),
        emptyList(),
        failByDrop = true,
    ) {
        play()
    }
} + BAD.map { (violation, code, play) ->
    val isClose = violation == Violation.CLOSE_CODE_NOT_ALLOWED
    Row(
        "$violation, answered",
        Expected(false, code, LOCAL, cause = violation.name, local = code),
        listOf("close $code"),
    ) {
        play()
        if (!isClose) receive(peer.close(1000))
        peerEnds()
    }
} + BAD.map { (violation, code, play) ->
    Row(
        "$violation, not answered",
        Expected(false, code, LOCAL, cause = violation.name, local = code),
        listOf("close $code"),
    ) {
        play()
        loop.advanceBy(ConnectionRig.LONG)
    }
}
