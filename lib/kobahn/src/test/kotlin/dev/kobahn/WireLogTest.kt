package dev.kobahn

import dev.kobahn.internal.connection.AutoPingConfig
import dev.kobahn.internal.connection.ConnectionRig
import dev.kobahn.internal.connection.WireLogConfig
import dev.kobahn.internal.connection.send
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.Side
import dev.kobahn.protocol.bothRoles
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldMatch
import io.kotest.matchers.string.shouldNotContain
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred

class WireLogTest :
    FunSpec({
        bothRoles("every frame is a line with its opcode, FIN, mask, length and payload") {
            val log = Recorded(role)
            val rig = log.rig
            rig.receive(
                rig.peer.frame(0x01, "hel".encodeToByteArray()),
                rig.peer.ping("p"),
                rig.peer.frame(0x80, "lo".encodeToByteArray()),
                rig.peer.frame(0x82, byteArrayOf(0, -1)),
                rig.peer.frame(0x81, ByteArray(0)),
            )
            rig.begin { send(MessageType.TEXT, "hello".encodeToByteArray()) }
            log.frames() shouldContainExactly listOf(
                "< TEXT fragment$peers 3 \"hel\"",
                "< PING fin$peers 1 70",
                "> PONG fin$own 1 70",
                "< CONTINUATION fin$peers 2 \"lo\"",
                "< BINARY fin$peers 2 00 ff",
                "< TEXT fin$peers 0",
                "> TEXT fin$own 5 \"hello\"",
            )
        }

        bothRoles("of a long frame only the beginning is kept and said") {
            val log = Recorded(role)
            val rig = log.rig
            rig.receive(rig.peer.text("a".repeat(100)), rig.peer.frame(0x82, ByteArray(700)))
            rig.begin { send(MessageType.TEXT, ("a".repeat(39) + "ö").encodeToByteArray()) }
            log.frames() shouldContainExactly listOf(
                "< TEXT fin$peers 100 \"${"a".repeat(40)}\" ...",
                "< BINARY fin$peers 700${" 00".repeat(40)} ...",
                // the code point that is cut is left out
                "> TEXT fin$own 41 \"${"a".repeat(39)}\" ...",
            )
            log.entries.filterIsInstance<WireLog.Entry.Frame>().map { it.payload.size } shouldBe
                listOf(40, 40, 40)
        }

        bothRoles("a connection that is told to log only when it is made does so from then on") {
            val log = Entries()
            val config = WireLogConfig(frames = true, bytes = false, log)
            val rig = ConnectionRig(role, wireLog = config, logsHandshake = false)
            rig.begin { send(MessageType.TEXT, "hello".encodeToByteArray()) }
            log.texts() shouldContainExactly listOf("= OPEN", "> TEXT fin$own 5 \"hello\"")
        }

        bothRoles("a frame that arrives byte by byte is one line, when it is complete") {
            val log = Recorded(role)
            val frame = log.rig.peer.text("hello")
            for (byte in frame) {
                log.frames().shouldBeEmpty()
                log.rig.receive(byteArrayOf(byte))
            }
            log.frames() shouldContainExactly listOf("< TEXT fin$peers 5 \"hello\"")
        }

        bothRoles("a peer cannot forge a line, hide text or command a terminal") {
            val log = Recorded(role)
            val evil = "a\"b\\c\r\n! d\u001b[2J\u0085\u2028\u202e\u0000"
            log.rig.receive(log.rig.peer.text(evil), log.rig.peer.text("ö漢😀"))
            log.rig.receive(log.rig.peer.close(4000, "bye\n= OPEN"))
            log.lines.forEach { line -> line.none { it < ' ' } shouldBe true }
            log.frames().take(2) shouldContainExactly listOf(
                "< TEXT fin$peers 23 \"a\\\"b\\\\c\\u000d\\u000a! d\\u001b[2J" +
                    "\\u0085\\u2028\\u202e\\u0000\"",
                "< TEXT fin$peers 9 \"ö漢😀\"",
            )
            log.frames()[2] shouldBe "< CLOSE fin$peers 12 4000 \"bye\\u000a= OPEN\""
        }

        bothRoles("state changes stand between the frames, with what began and ended them") {
            val log = Recorded(role)
            log.rig.begin { close(1000, "done") }
            log.rig.receive(log.rig.peer.close(1000))
            log.rig.peer.end()
            log.rig.loop.run()
            log.texts() shouldContainExactly listOf(
                "= CONNECTING",
                "= OPEN",
                "> CLOSE fin$own 6 1000 \"done\"",
                "= CLOSING begun by local",
                "< CLOSE fin$peers 2 1000",
                "= CLOSED clean 1000, begun by local, sent 1000 done",
            )
        }

        bothRoles("a frame that breaks a rule is shown, and the rule") {
            val log = Recorded(role)
            log.rig.receive(log.rig.peer.frame(0xC1, byteArrayOf(0x61)))
            log.texts().drop(2) shouldContainExactly listOf(
                "< TEXT fin rsv 4$peers 1 (incomplete)",
                "! 1002 reserved bits must be zero",
                "= CLOSING begun by local",
                "> CLOSE fin$own 28 1002 \"reserved bits must be zero\"",
            )
        }

        bothRoles("automatic Pings have lines of their own, and so has the one that is missed") {
            val log = Recorded(role, AutoPingConfig(20.seconds, 3.seconds, 12, false))
            val rig = log.rig
            rig.loop.advanceBy(20.seconds + 30.milliseconds)
            rig.receive(rig.peer.pong(rig.peer.pings().single()))
            rig.loop.advanceBy(30.seconds)
            log.texts().filter { it[0] in "%-" } shouldContainExactly listOf(
                "% Ping 1",
                "% Pong 1 after 30ms",
                "% Ping 2",
                "- the peer sent no Pong within 3s",
            )
        }

        bothRoles("a closing handshake that takes too long is told") {
            val log = Recorded(role)
            log.rig.begin { close(1000, "") }
            log.rig.loop.advanceBy(2.seconds)
            log.texts().filter { it[0] == '-' } shouldContainExactly
                listOf("- the peer sent no Close within 1s")
        }

        bothRoles("bytes are logged as they are read and written, frames or not") {
            val log = Recorded(role, frames = false, bytes = true)
            val frame = log.rig.peer.text("hello")
            log.rig.receive(frame.copyOf(3))
            log.rig.receive(frame.copyOfRange(3, frame.size))
            log.rig.begin { send(MessageType.BINARY, ByteArray(50) { -1 }) }
            val header = if (role == Role.CLIENT) "82 b2 00 00 00 00" else "82 32"
            val rest = 40 - header.split(' ').size
            val size = header.split(' ').size + 50
            log.bytes() shouldContainExactly listOf(
                "< bytes 3 " + frame.copyOf(3).joinToString(" ") { "%02x".format(it) },
                "< bytes ${frame.size - 3} " +
                    frame.drop(3).joinToString(" ") { "%02x".format(it) },
                "> bytes $size $header${" ff".repeat(rest)} ...",
            )
            log.frames().shouldBeEmpty()
        }

        bothRoles("a log that throws ends, and the connection goes on") {
            val seen = ArrayList<String>()
            val captured = capturedLog {
                val config = WireLogConfig(frames = true, bytes = false) {
                    seen.add(it.toString())
                    if (it.gutter == '<') error("no room")
                }
                val rig = ConnectionRig(role, wireLog = config)
                rig.receive(rig.peer.text("one"), rig.peer.text("two"))
                rig.begin { send(MessageType.TEXT, "three".encodeToByteArray()) }
                rig.peer.frames shouldBe listOf("text three")
            }
            seen shouldHaveSize 3
            captured.count("no room") shouldBe 1
        }

        bothRoles("a connection that is dropped twice is closed once, and nothing follows") {
            val recorded = Recorded(role)
            repeat(2) {
                recorded.rig.connection.drop()
                recorded.rig.loop.run()
            }
            recorded.texts().map { it.take(8) } shouldContainExactly
                listOf("= CONNEC", "= OPEN", "= CLOSIN", "= CLOSED")
        }

        bothRoles("a log may send on its own connection") {
            lateinit var rig: ConnectionRig
            val lines = ArrayList<String>()
            val config = WireLogConfig(frames = true, bytes = false) {
                lines.add(it.toString().first() + it.toString().substringAfter("memory:2"))
                if (it.gutter == '<') rig.connection.beginClose(4000, "")
            }
            rig = ConnectionRig(role, wireLog = config)
            rig.receive(rig.peer.text("one"))
            rig.peer.frames shouldBe listOf("close 4000")
            lines.filter { it[0] in "<>" } shouldContainExactly
                listOf("< TEXT fin$peers 3 \"one\"", "> CLOSE fin$own 2 4000")
        }

        test("a server's option logs its connections' frames at TRACE, each under its own name") {
            val log = capturedLog {
                webSocketServer {
                    logFrames = true
                    onConnect { for (message in incoming) send(message) }
                }.use { server ->
                    repeat(2) {
                        RawPeer(server.port).use {
                            it.handshake()
                            it.send(RawPeer.text("hello") + RawPeer.CLOSE)
                            it.readHex(7 + 4) shouldBe "810568656c6c6f" + "880203e8"
                        }
                    }
                }
            }
            val lines = log.lines().filter { "dev.kobahn.wire" in it }
            val line = Regex(".* TRACE dev.kobahn.wire - (.) (#\\d+) tcp[46]:\\S+ (.*)")
            val parts = lines.map { line.matchEntire(it)!!.groupValues.drop(1) }
            parts.map { it[1] }.distinct() shouldHaveSize 2
            val first = parts.filter { it[1] == parts[0][1] }.map { it[0] + " " + it[2] }
            first.filter { it[0] in "<>" } shouldContainExactly listOf(
                "< TEXT fin masked 5 \"hello\"",
                "< CLOSE fin masked 2 1000",
                "> TEXT fin 5 \"hello\"",
                "> CLOSE fin 2 1000",
            )
            first.take(2) shouldContainExactly listOf("= CONNECTING", "= OPEN")
            first.last() shouldMatch "= CLOSED clean 1000, begun by remote, sent 1000"
        }

        test("a client's option logs its connections' frames") {
            val entries = Entries()
            webSocketServer {
                onConnect { for (message in incoming) send(message) }
            }.use { server ->
                val client = webSocketClient {
                    logFrames = true
                    wireLog = entries
                }
                client.connect("ws://localhost:${server.port}/") {
                    send("hello")
                    incoming.receive()
                }
            }
            entries.texts().filter { it[0] in "<>" } shouldContainExactly listOf(
                "> TEXT fin masked 5 \"hello\"",
                "< TEXT fin 5 \"hello\"",
                "> CLOSE fin masked 2 1000",
                "< CLOSE fin 2 1000",
            )
        }

        test("a server's and a client's bytes are logged from the handshake on") {
            val there = Entries()
            val here = Entries()
            webSocketServer {
                logBytes = true
                wireLog = there
                onConnect { for (message in incoming) send(message) }
            }.use { server ->
                webSocketClient {
                    logBytes = true
                    wireLog = here
                }.connect("ws://localhost:${server.port}/") {
                    send("hello")
                    incoming.receive()
                }
            }
            val get = "47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31"
            val switching = "48 54 54 50 2f 31 2e 31 20 31 30 31"
            there.texts()[0] shouldBe "= CONNECTING"
            there.texts()[1] shouldMatch "< bytes \\d{3} $get.* \\.\\.\\."
            there.texts().filter { it[0] == '>' }[0] shouldContain switching
            here.texts()[1] shouldMatch "> bytes \\d{3} $get.* \\.\\.\\."
            here.texts().filter { it[0] == '<' }[0] shouldContain switching
            here.texts().filter { it[0] == '<' }.joinToString() shouldContain
                "81 05 68 65 6c 6c 6f"
        }

        test("without the options nothing is logged, and nothing is made for it") {
            val log = capturedLog {
                webSocketServer { onConnect { for (message in incoming) send(message) } }.use {
                    webSocketClient().connect("ws://localhost:${it.port}/") {
                        send("hello")
                        incoming.receive()
                    }
                }
            }
            log shouldNotContain "dev.kobahn.wire"
            ConnectionRig(Role.SERVER).connection.log shouldBe null
        }

        test("a handshake that takes too long is told") {
            val entries = Entries()
            webSocketServer {
                openHandshakeTimeout = 50.milliseconds
                logFrames = true
                wireLog = entries
            }.use { server ->
                RawPeer(server.port).use { it.readAll() shouldContain " 408 " }
                entries.closed.await()
            }
            entries.texts() shouldContainExactly
                listOf("= CONNECTING", "- no handshake within 50ms", "= CLOSED")
        }
    })

/** What the frames of the peer and of this end have in their lines. */
private val Side.peers get() = if (role == Role.SERVER) " masked" else ""
private val Side.own get() = if (role == Role.CLIENT) " masked" else ""

/** Keeps what is logged, of one connection. */
private class Entries : WireLog {
    private val entries = ArrayList<WireLog.Entry>()
    val closed = CompletableDeferred<Unit>()

    override fun log(entry: WireLog.Entry) {
        synchronized(entries) { entries.add(entry) }
        if (" CLOSED" in entry.toString()) closed.complete(Unit)
    }

    fun all(): List<WireLog.Entry> = synchronized(entries) { entries.toList() }

    /** The lines without the connection's name. */
    fun texts() = all().map { it.toString().replace(it.connection + " ", "") }
}

private class Recorded(
    role: Role,
    autoPing: AutoPingConfig? = null,
    frames: Boolean = true,
    bytes: Boolean = false,
) {
    private val log = Entries()
    val rig =
        ConnectionRig(role, autoPing = autoPing, wireLog = WireLogConfig(frames, bytes, log))
    val entries get() = log.all()
    val lines get() = entries.map { it.toString() }

    fun texts() = log.texts()

    fun frames() = shown<WireLog.Entry.Frame>()

    fun bytes() = shown<WireLog.Entry.Bytes>()

    private inline fun <reified T : WireLog.Entry> shown() =
        entries.filterIsInstance<T>().map { it.toString().replace(it.connection + " ", "") }
}
