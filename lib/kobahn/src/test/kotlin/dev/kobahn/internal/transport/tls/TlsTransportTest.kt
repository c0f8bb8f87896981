package dev.kobahn.internal.transport.tls

import dev.kobahn.internal.transport.send
import dev.kobahn.internal.transport.tls.ScriptedRig.Companion.started
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeMonotonicallyDecreasing
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import javax.net.ssl.SSLEngineResult.HandshakeStatus
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_TASK
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_WRAP
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NOT_HANDSHAKING
import javax.net.ssl.SSLEngineResult.Status
import javax.net.ssl.SSLException
import kotlin.time.Duration.Companion.seconds

/** Engines that do what engines have done to others. None may make the transport spin, stall or leak. */
class TlsTransportTest :
    FunSpec({
        timeout = 10_000

        // Writing.

        test("an engine that closes its output while bytes wait discards them, and says so") {
            val rig = started(NOT_HANDSHAKING) { onWrap = { _, _ -> result(Status.CLOSED) } }
            rig.tls.send(ByteArray(10))
            rig.loop.run()
            rig.peer.inputEnd.isCompleted shouldBe true
            rig.tls.output.size shouldBe 0
            rig.tls.output.position shouldBe 0
        }

        test("a failure of wrap ends the connection, also off the loop") {
            for (elsewhere in listOf(false, true)) {
                val rig = started(NOT_HANDSHAKING) {
                    onWrap = { _, _ -> throw SSLException("on purpose") }
                }
                if (elsewhere) {
                    rig.loop.elsewhere { rig.tls.send(ByteArray(10)) }
                } else {
                    rig.tls.send(ByteArray(10))
                }
                rig.fails("on purpose")
            }
        }

        test("own records of an engine without end, after bytes, end the connection") {
            val rig = started(NOT_HANDSHAKING) {
                onWrap = { source, target ->
                    check(steps < 10_000) { "endless" }
                    source.position(source.limit())
                    target.put(0)
                    result(Status.OK, 0, 1, NEED_WRAP)
                }
            }
            rig.tls.send(byteArrayOf(1))
            rig.fails("no progress")
        }

        test("what waits is what the peer was not sent, byte by byte") {
            val rig = slow()
            rig.tls.send(ByteArray(1000))
            val waiting = ArrayList<Long>()
            while (rig.tls.output.size > 0) {
                rig.loop.run()
                waiting.add(rig.tls.output.size)
                rig.far.resumeReading()
                rig.loop.step()
                rig.far.pauseReading()
            }
            waiting.shouldBeMonotonicallyDecreasing()
            waiting.toSet().size shouldBeGreaterThan 90
        }

        test("a write that takes nothing is reported, as one that takes a part is") {
            val rig = slow()
            for ((size, waiting) in listOf(8 to 0L, 5 to 5L, 5 to 10L)) {
                rig.tls.send(ByteArray(size))
                rig.loop.run()
                rig.recorder.written.last() shouldBe waiting
            }
        }

        test("a stuck peer costs one batch of cipher text, however much waits") {
            val rig = slow()
            repeat(100) {
                rig.tls.send(ByteArray(10_000))
                rig.loop.run()
            }
            rig.tls.heldMemory shouldBeLessThanOrEqual 80_000
        }

        // The end.

        test("an engine that wants to send after the peer's end, and has nothing, is let be") {
            val rig = started(NOT_HANDSHAKING) {
                onUnwrap = { source, _ ->
                    hasInboundEnded = true
                    status = NEED_WRAP
                    skip(source, Status.CLOSED)
                }
                onWrap = { source, target ->
                    val size = source.remaining()
                    target.put(source)
                    result(Status.OK, size, size)
                }
            }
            rig.receive("00")
            rig.recorder.inputEnd.isCompleted shouldBe true
            rig.tls.send(byteArrayOf(1, 2))
            rig.loop.run()
            rig.peer.received shouldBe byteArrayOf(1, 2)
            rig.engine.onWrap = { _, target -> produce(target, 1, Status.CLOSED) }
            rig.tls.shutdownOutput()
            rig.loop.run()
            rig.peer.received shouldBe byteArrayOf(1, 2, 0)
            rig.peer.inputEnd.isCompleted shouldBe true
        }

        test("an engine that never ends its output, with records or without, is left") {
            for (size in listOf(0, 1)) {
                val rig = started(NOT_HANDSHAKING) {
                    onWrap = { _, target ->
                        check(steps < 10_000) { "endless" }
                        produce(target, size)
                    }
                }
                rig.tls.shutdownOutput()
                rig.fails("no progress")
            }
        }

        test("a close_notify that does not fit into the socket leaves when there is room") {
            val rig = slow(capacity = 3) {
                onWrap = { source, target ->
                    if (source.hasRemaining()) {
                        target.put(source)
                        result(Status.OK, 1, 1)
                    } else {
                        produce(target, 20, Status.CLOSED)
                    }
                }
            }
            rig.tls.send(byteArrayOf(1, 2))
            rig.tls.shutdownOutput()
            rig.loop.run()
            rig.peer.inputEnd.isCompleted shouldBe false
            rig.far.resumeReading()
            rig.loop.run()
            rig.peer.size shouldBe 22
            rig.peer.inputEnd.isCompleted shouldBe true
        }

        test(
            "a transport that was closed before the handshake began reports that and does nothing",
        ) {
            val rig = ScriptedRig(NEED_WRAP)
            rig.tls.close()
            rig.start()
            rig.recorder.closed.isCompleted shouldBe true
            rig.opened.isCompleted shouldBe true
        }

        test("a peer that does not read the alert is left after some seconds") {
            val rig = slow(capacity = 1, status = NEED_TASK) {
                tasks.addLast { throw IllegalStateException("on purpose") }
                onWrap = { _, target -> produce(target, 7, Status.CLOSED) }
                statusWhenClosed = NEED_WRAP
            }
            rig.near.output.size shouldBe 6
            rig.loop.advanceBy(3.seconds)
            rig.recorder.closed.isCompleted shouldBe true
            rig.loop.pendingTimers shouldBe 0
        }

        // Memory.

        test("an open connection at rest has no task, no timer and no memory") {
            val rig = started(NOT_HANDSHAKING)
            rig.receive("0500 6162")
            rig.tls.heldMemory shouldBe 5
            rig.receive("636465 0000")
            rig.tls.send(byteArrayOf(1))
            rig.loop.run()
            rig.recorder.received.decodeToString() shouldBe "abcde"
            rig.loop.waiting shouldBe 0
            rig.loop.pendingTimers shouldBe 0
            rig.tls.heldMemory shouldBe 0
        }

        test("the memory that runs out is given back") {
            val rig = started(NOT_HANDSHAKING)
            rig.receive("6400 61")
            rig.tls.send(ByteArray(10))
            rig.tls.forget()
            rig.tls.heldMemory shouldBe 0
            rig.tls.output.size shouldBe 0
            rig.recorder.forgotten.isCompleted shouldBe true
        }
    })

/** A transport whose peer reads nothing, over a pipe of [capacity] bytes. */
private fun slow(
    capacity: Int = 10,
    status: HandshakeStatus = NOT_HANDSHAKING,
    script: ScriptedEngine.() -> Unit = {},
) = ScriptedRig(status, capacity = capacity).also {
    it.far.pauseReading()
    it.engine.script()
    it.start()
}
