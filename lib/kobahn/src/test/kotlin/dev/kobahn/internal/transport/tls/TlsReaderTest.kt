package dev.kobahn.internal.transport.tls

import dev.kobahn.internal.transport.tls.ScriptedRig.Companion.started
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import javax.net.ssl.SSLEngineResult
import javax.net.ssl.SSLEngineResult.HandshakeStatus
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_TASK
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_UNWRAP
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_WRAP
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NOT_HANDSHAKING
import javax.net.ssl.SSLEngineResult.Status
import javax.net.ssl.SSLException

/** Engines that answer unwrap as engines have done to others, and listeners that pause reading. */
class TlsReaderTest :
    FunSpec({
        timeout = 10_000

        test("unwrap that answers BUFFER_OVERFLOW whatever room it gets ends the connection") {
            val rig = started(NOT_HANDSHAKING) {
                onUnwrap = { _, _ -> result(Status.BUFFER_OVERFLOW) }
            }
            rig.receive("0000")
            rig.fails("too long")
        }

        test("unwrap that takes nothing although it could ends the connection") {
            for (status in listOf(NEED_UNWRAP, NOT_HANDSHAKING)) {
                val rig = started(status) { onUnwrap = { _, _ -> result(Status.OK) } }
                rig.receive("0000")
                rig.fails("no progress")
            }
        }

        test("a result that reports no bytes although the positions have moved is progress") {
            val rig = started(NOT_HANDSHAKING) {
                onUnwrap = { source, target ->
                    copy(source, target)
                    result(Status.OK)
                }
            }
            rig.receive("010203")
            rig.recorder.received shouldBe byteArrayOf(1, 2, 3)
        }

        test("plain text before the end of the handshake is refused, not delivered") {
            val rig = started(NEED_UNWRAP) {
                onUnwrap = { source, target ->
                    target.put(source.get())
                    result(Status.OK, 1, 1)
                }
            }
            rig.receive("61")
            rig.recorder.size shouldBe 0
            rig.fails("before the end of the handshake")
        }

        test("plain text that comes with the end of the handshake is delivered") {
            for (reported in listOf(HandshakeStatus.FINISHED, NOT_HANDSHAKING)) {
                val rig = started(NEED_UNWRAP) {
                    onUnwrap = { source, target ->
                        target.put(source.get())
                        status = NOT_HANDSHAKING
                        result(Status.OK, 1, 1, reported)
                    }
                }
                rig.receive("61")
                rig.isOpen shouldBe true
                rig.recorder.received.decodeToString() shouldBe "a"
            }
        }

        test("unwrap that asks for more although a record is complete ends the connection") {
            val rig = started(NOT_HANDSHAKING) {
                onUnwrap = { _, _ -> result(Status.BUFFER_UNDERFLOW) }
            }
            rig.receive("17 03 03 00 02 00")
            rig.recorder.closed.isCompleted shouldBe false
            rig.receive("00")
            rig.fails("no progress")
        }

        test("any exception of unwrap is a failure of TLS, and not one of the listener") {
            for (status in listOf(NOT_HANDSHAKING, NEED_UNWRAP)) {
                val rig = started(status) {
                    onUnwrap = { _, _ -> throw IllegalStateException("on purpose") }
                }
                rig.receive("00")
                rig.fails("on purpose")
            }
        }

        test("an exception of the listener is none of TLS") {
            val rig = started(NOT_HANDSHAKING)
            rig.recording = { throw IllegalStateException("on purpose") }
            shouldThrow<IllegalStateException> { rig.receive("010061") }
        }

        // Plain text that the engine keeps.

        test("plain text that the engine keeps for want of room does not wait for further bytes") {
            val rig = started(NOT_HANDSHAKING) { onUnwrap = keeping() }
            rig.receive("01")
            rig.recorder.size shouldBe 100_000
            rig.recording = { rig.tls.pauseReading() }
            rig.receive("01")
            while (rig.recorder.size < 200_000) {
                rig.tls.resumeReading()
                rig.loop.run()
            }
        }

        for (wish in listOf(NEED_TASK, NEED_WRAP)) {
            for (isPaused in listOf(false, true)) {
                val reader = if (isPaused) "a paused reader" else "a reader"
                test("plain text that the engine keeps while it wants $wish reaches $reader") {
                    val rig = started(NOT_HANDSHAKING) {
                        onUnwrap = keeping(wish)
                        onWrap = { _, target ->
                            status = NOT_HANDSHAKING
                            produce(target, 1)
                        }
                        tasks.addLast { status = NOT_HANDSHAKING }
                    }
                    if (isPaused) rig.recording = { rig.tls.pauseReading() }
                    rig.receive("01")
                    if (isPaused) {
                        rig.recorder.size shouldBeLessThan 100_000
                        rig.tls.resumeReading()
                        rig.loop.run()
                    }
                    rig.recorder.size shouldBe 100_000
                }
            }
        }

        // Cipher text that waits.

        test("the listener is told how much cipher text waits, before and after the handshake") {
            for (begun in listOf(NEED_UNWRAP, NOT_HANDSHAKING)) {
                val rig = started(begun) {
                    onUnwrap = { source, target ->
                        val isWhole = source.remaining() >= 9
                        if (isWhole) {
                            target.put(source)
                            status = NOT_HANDSHAKING
                        }
                        result(if (isWhole) Status.OK else Status.BUFFER_UNDERFLOW)
                    }
                }
                rig.receive("17 03 03 00 04 00")
                rig.told shouldBe rig.tls.heldMemory
                rig.told shouldBeGreaterThan 0L
                rig.receive("00 00 00")
                rig.told shouldBe 0
            }
        }

        test("the listener is told of the cipher text that waits because it has paused reading") {
            val rig = started(NOT_HANDSHAKING) {
                onUnwrap = { source, target ->
                    target.put(source.get())
                    result(Status.OK, 1, 1, NEED_UNWRAP)
                }
            }
            rig.recording = { rig.tls.pauseReading() }
            rig.receive("61".repeat(2000))
            rig.recorder.size shouldBe 1
            rig.told shouldBe rig.tls.heldMemory
            rig.told shouldBeGreaterThan 1000L
            while (rig.recorder.size < 2000) {
                rig.tls.readOnce()
                rig.loop.run()
                rig.told shouldBe rig.tls.heldMemory
            }
            rig.told shouldBe 0
        }

        // Floods.

        test("too many records without content end the connection, but not a few in a row") {
            val rig = started(NOT_HANDSHAKING)
            repeat(3) { rig.receive("0000".repeat(60) + "010061") }
            rig.recorder.received.decodeToString() shouldBe "aaa"
            rig.receive("0000".repeat(30_000))
            rig.fails("without content")
        }

        test("a record full of updates of keys ends the connection of a server") {
            val rig = started(NOT_HANDSHAKING) {
                version = "TLSv1.3"
                isClient = false
            }
            rig.receive("010061")
            rig.engine.onUnwrap = { source, _ ->
                val size = source.remaining()
                source.position(source.limit())
                result(Status.OK, size)
            }
            rig.receive("00".repeat(16_000))
            rig.fails("without content")
        }

        test("a byte of content after each update of a key does not keep the connection") {
            val rig = started(NOT_HANDSHAKING) {
                version = "TLSv1.3"
                isClient = false
            }
            rig.receive("0000 010061".repeat(1000))
            rig.fails("without content")
        }

        test(
            "a peer that has the engine answer without end, and reads nothing, is not read any more",
        ) {
            val rig = started(NOT_HANDSHAKING) {
                onUnwrap = { source, target ->
                    status = NEED_WRAP
                    copy(source, target)
                }
                onWrap = { _, target ->
                    status = NOT_HANDSHAKING
                    produce(target, 1000)
                }
            }
            rig.far.pauseReading()
            repeat(2000) { rig.receive("00") }
            rig.near.output.size shouldBeLessThanOrEqual 300_000
            rig.far.resumeReading()
            rig.loop.run()
            rig.recorder.size shouldBe 2000
            rig.peer.size shouldBe 2_000_000
        }

        // Pausing.

        test("a listener that resumes reading during readOnce is read on") {
            val rig = started(NOT_HANDSHAKING)
            rig.tls.pauseReading()
            rig.loop.run()
            rig.receive("010061")
            rig.recording = { rig.tls.resumeReading() }
            rig.tls.readOnce() shouldBe true
            rig.receive("010062")
            rig.recorder.received.decodeToString() shouldBe "ab"
        }

        test("a broken record that waited while reading was paused is a failure of TLS") {
            for (isOnce in listOf(false, true)) {
                val rig = started(NOT_HANDSHAKING) {
                    onUnwrap = { source, target ->
                        if (source.isAtFf()) throw SSLException("on purpose")
                        copy(source, target, NEED_UNWRAP)
                    }
                }
                rig.recording = { rig.tls.pauseReading() }
                rig.receive("61 ff")
                if (isOnce) rig.tls.readOnce() shouldBe false else rig.tls.resumeReading()
                rig.fails("on purpose")
                rig.recorder.received.decodeToString() shouldBe "a"
            }
        }

        // The end.

        test(
            "the end of the input without a close_notify is an end, and closeInbound is not called",
        ) {
            val rig = started(NOT_HANDSHAKING)
            rig.receive("010061")
            rig.far.shutdownOutput()
            rig.loop.run()
            rig.recorder.received.decodeToString() shouldBe "a"
            rig.recorder.inputEnd.isCompleted shouldBe true
            rig.engine.isInboundClosed shouldBe false
            rig.recorder.closings.get() shouldBe 0
        }

        test("the end that arrives while reading is paused comes after what arrived before it") {
            val rig = endedWhilePaused()
            rig.recorder.inputEnd.isCompleted shouldBe false
            while (!rig.recorder.inputEnd.isCompleted) {
                rig.tls.resumeReading()
                rig.loop.run()
            }
            rig.recorder.size shouldBe 100_000
        }

        test("readOnce delivers a part although reading is paused, and finds the end") {
            val rig = endedWhilePaused()
            var reads = 0
            while (!rig.recorder.inputEnd.isCompleted) {
                rig.tls.readOnce()
                rig.loop.run()
                reads++ shouldBeLessThan 1000
            }
            rig.recorder.size shouldBe 100_000
        }

        test("a close_notify behind bytes that paused reading is an end when reading goes on") {
            for (isOnce in listOf(false, true)) {
                val rig = started(NOT_HANDSHAKING) {
                    onUnwrap = { source, target ->
                        hasInboundEnded = source.isAtFf()
                        if (hasInboundEnded) skip(source, Status.CLOSED) else copy(source, target)
                    }
                }
                rig.recording = { rig.tls.pauseReading() }
                rig.receive("61 ff 62")
                rig.far.shutdownOutput()
                rig.loop.run()
                rig.recorder.received.decodeToString() shouldBe "a"
                rig.recorder.inputEnd.isCompleted shouldBe false
                if (isOnce) rig.tls.readOnce() shouldBe false else rig.tls.resumeReading()
                rig.loop.run()
                rig.recorder.inputEnd.isCompleted shouldBe true
                rig.recorder.received.decodeToString() shouldBe "a"
                rig.recorder.closings.get() shouldBe 0
            }
        }
    })

/**
 * Decrypts a byte to 100,000, and keeps those for which there is no room. Then it has the [wish],
 * unless that is null, and gives the rest only when its status has changed.
 */
private fun keeping(
    wish: HandshakeStatus? = null,
): ScriptedEngine.(ByteBuffer, ByteBuffer) -> SSLEngineResult {
    var kept = 0
    return { source, target ->
        if (status == wish) {
            result(Status.OK)
        } else {
            if (kept == 0) kept = source.get() * 100_000
            val count = minOf(kept, target.remaining())
            target.put(ByteArray(count))
            kept -= count
            if (kept > 0 && wish != null) status = wish
            result(if (kept > 0) Status.BUFFER_OVERFLOW else Status.OK, 1, count)
        }
    }
}

private fun ByteBuffer.isAtFf() = get(position()).toInt() == -1

/** A transport whose listener pauses at each delivery, and whose peer has ended its direction. */
private fun endedWhilePaused() = started(NOT_HANDSHAKING).also { rig ->
    rig.recording = { rig.tls.pauseReading() }
    rig.receive("010061".repeat(100_000))
    rig.far.shutdownOutput()
    rig.loop.run()
}
