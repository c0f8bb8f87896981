package dev.kobahn.internal.transport.tls

import dev.kobahn.internal.connection.MemoryTransport
import dev.kobahn.internal.connection.VirtualLoop
import dev.kobahn.internal.transport.Recorder
import dev.kobahn.internal.transport.send
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeMonotonicallyDecreasing
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.RejectedExecutionException
import javax.net.ssl.SSLEngineResult
import javax.net.ssl.SSLEngineResult.HandshakeStatus.FINISHED
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_TASK
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_UNWRAP
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_WRAP
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NOT_HANDSHAKING
import javax.net.ssl.SSLEngineResult.Status
import javax.net.ssl.SSLException
import kotlin.coroutines.CoroutineContext
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.ExperimentalCoroutinesApi

/** Engines that do what engines have done to others. None may make the transport spin, stall or leak. */
class TlsTransportTest :
    FunSpec({
        timeout = 10_000

        for ((name, status) in listOf("unwrap" to NEED_UNWRAP, "wrap" to NEED_WRAP)) {
            test("$name that answers CLOSED without bytes during the handshake ends it") {
                val rig = Rig(status)
                rig.engine.onWrap = { _, _ -> result(Status.CLOSED) }
                rig.engine.onUnwrap = { _, _ -> result(Status.CLOSED) }
                rig.start()
                rig.receive("00")
                rig.fails("during the TLS handshake")
            }
        }

        test("wrap that answers BUFFER_OVERFLOW whatever room it gets ends the handshake") {
            val rig = Rig(NEED_WRAP)
            rig.engine.onWrap = { _, _ -> result(Status.BUFFER_OVERFLOW) }
            rig.start()
            rig.fails("no progress")
        }

        test("wrap that needs more room than there is gets it") {
            val rig = Rig(NEED_WRAP)
            rig.engine.onWrap = { _, target ->
                if (target.remaining() < 200_000) {
                    result(Status.BUFFER_OVERFLOW)
                } else {
                    target.put(ByteArray(10))
                    status = NOT_HANDSHAKING
                    result(Status.OK, 0, 10)
                }
            }
            rig.start()
            rig.peer.received.size shouldBe 10
            rig.isOpen shouldBe true
        }

        test("unwrap that answers BUFFER_OVERFLOW whatever room it gets ends the connection") {
            val rig = Rig(NOT_HANDSHAKING)
            rig.engine.onUnwrap = { _, _ -> result(Status.BUFFER_OVERFLOW) }
            rig.start()
            rig.receive("0000")
            rig.fails("too long")
        }

        test("wrap that never produces what it is asked for ends the connection") {
            val rig = Rig(NEED_WRAP)
            rig.engine.onWrap = { _, _ -> result(Status.OK) }
            rig.start()
            rig.fails("no progress")
        }

        test("wrap that never has enough ends the connection") {
            val rig = Rig(NEED_WRAP)
            rig.engine.onWrap = { _, target ->
                target.put(0)
                result(Status.OK, 0, 1)
            }
            rig.start()
            rig.fails("no progress")
            rig.engine.steps shouldBeLessThan 10_000
        }

        test("unwrap that takes nothing although it could ends the connection") {
            for (status in listOf(NEED_UNWRAP, NOT_HANDSHAKING)) {
                val rig = Rig(status)
                rig.engine.onUnwrap = { _, _ -> result(Status.OK) }
                rig.start()
                rig.receive("0000")
                rig.fails("no progress")
            }
        }

        test("an engine that closes its output while bytes wait discards them, and says so") {
            val rig = Rig(NOT_HANDSHAKING)
            rig.engine.onWrap = { _, _ -> result(Status.CLOSED) }
            rig.start()
            rig.tls.send(ByteArray(10))
            rig.loop.run()
            rig.peer.inputEnd.isCompleted shouldBe true
            rig.tls.output.size shouldBe 0
            rig.tls.output.position shouldBe 0
        }

        test("a failure of wrap ends the connection, also off the loop") {
            for (elsewhere in listOf(false, true)) {
                val rig = Rig(NOT_HANDSHAKING)
                rig.engine.onWrap = { _, _ -> throw SSLException("on purpose") }
                rig.start()
                if (elsewhere) {
                    rig.loop.elsewhere { rig.tls.send(ByteArray(10)) }
                } else {
                    rig.tls.send(ByteArray(10))
                }
                rig.fails("on purpose")
            }
        }

        // Results that cannot be trusted.

        test("a result that reports no bytes although the positions have moved is progress") {
            val rig = Rig(NOT_HANDSHAKING)
            rig.engine.onUnwrap = { source, target ->
                target.put(source.get())
                result(Status.OK)
            }
            rig.start()
            rig.receive("010203")
            rig.recorder.received shouldBe byteArrayOf(1, 2, 3)
        }

        test("FINISHED that is never reported opens the connection all the same") {
            val rig = Rig(NEED_UNWRAP)
            rig.engine.onUnwrap = { source, _ ->
                source.get()
                status = NOT_HANDSHAKING
                result(Status.OK, 1)
            }
            rig.start()
            rig.receive("00")
            rig.isOpen shouldBe true
        }

        test("FINISHED that is reported again changes nothing") {
            val rig = Rig(NOT_HANDSHAKING)
            rig.start()
            rig.engine.onUnwrap = { source, target ->
                target.put(source.get())
                result(Status.OK, 1, 1, FINISHED)
            }
            rig.receive("0102")
            rig.recorder.received shouldBe byteArrayOf(1, 2)
        }

        test("plain text that the engine keeps for want of room does not wait for further bytes") {
            val rig = Rig(NOT_HANDSHAKING)
            var kept = 0
            rig.engine.onUnwrap = { source, target ->
                if (kept == 0) kept = source.get() * 100_000
                val count = minOf(kept, target.remaining())
                target.put(ByteArray(count))
                kept -= count
                result(if (kept > 0) Status.BUFFER_OVERFLOW else Status.OK, 1, count)
            }
            rig.start()
            rig.receive("01")
            rig.recorder.size shouldBe 100_000
            rig.recording = { rig.tls.pauseReading() }
            rig.receive("01")
            while (rig.recorder.size < 200_000) {
                rig.tls.resumeReading()
                rig.loop.run()
            }
        }

        // Tasks.

        test("a task that is announced but not there ends the connection") {
            val rig = Rig(NEED_TASK)
            rig.start()
            rig.fails("no progress")
        }

        test(
            "tasks run off the loop, nothing is decrypted meanwhile, and what came is not forgotten",
        ) {
            val gate = Gate()
            val rig = Rig(NEED_UNWRAP, gate)
            rig.engine.onUnwrap = { source, _ ->
                source.get()
                status = NEED_TASK
                onUnwrap = null
                result(Status.OK, 1)
            }
            rig.engine.tasks.addLast { rig.engine.status = NOT_HANDSHAKING }
            rig.start()
            rig.receive("ff 0100 61")
            rig.receive("0100 62")
            rig.isOpen shouldBe false
            rig.recorder.size shouldBe 0
            gate.open()
            rig.loop.run()
            rig.isOpen shouldBe true
            rig.recorder.received.decodeToString() shouldBe "ab"
        }

        test("an executor that is full or stopped does not stop the handshake") {
            val rig = Rig(NEED_TASK, Full)
            rig.engine.tasks.addLast { rig.engine.status = NOT_HANDSHAKING }
            rig.start()
            rig.isOpen shouldBe true
        }

        test("a task that fails ends the handshake") {
            for (tasks in listOf(Full, Gate().also { it.open() })) {
                val rig = Rig(NEED_TASK, tasks)
                rig.engine.tasks.addLast { throw IllegalStateException("on purpose") }
                rig.start()
                rig.fails("on purpose")
            }
        }

        test("an Error of a task ends the handshake, and is not thrown to the executor") {
            val gate = Gate()
            val rig = Rig(NEED_TASK, gate)
            rig.engine.tasks.addLast { throw NoClassDefFoundError("on purpose") }
            rig.start()
            gate.open()
            shouldThrow<NoClassDefFoundError> { rig.loop.run() }
            rig.loop.run()
            rig.recorder.closed.isCompleted shouldBe true
            rig.opened.isCompleted shouldBe true
        }

        test("a transport that is closed while a task runs stays closed") {
            val gate = Gate()
            val rig = Rig(NEED_TASK, gate)
            rig.engine.tasks.addLast { rig.engine.status = NOT_HANDSHAKING }
            rig.start()
            rig.tls.close()
            rig.loop.run()
            gate.open()
            rig.loop.run()
            rig.isOpen shouldBe false
            rig.recorder.closings.get() shouldBe 1
        }

        // Floods.

        test("too many records without content end the connection, but not a few in a row") {
            val rig = Rig(NOT_HANDSHAKING)
            rig.start()
            repeat(3) { rig.receive("0000".repeat(60) + "010061") }
            rig.recorder.received.decodeToString() shouldBe "aaa"
            rig.receive("0000".repeat(65))
            rig.fails("without content")
        }

        test("a handshake that never ends has a bound") {
            val rig = Rig(NEED_UNWRAP)
            rig.start()
            repeat(11_000) { rig.receive("64" + "00".repeat(101)) }
            rig.fails("longer than")
        }

        test(
            "a peer that has the engine answer without end, and reads nothing, is not read any more",
        ) {
            val rig = Rig(NOT_HANDSHAKING)
            rig.start()
            rig.far.pauseReading()
            rig.engine.onUnwrap = { source, target ->
                target.put(source.get())
                status = NEED_WRAP
                result(Status.OK, 1, 1)
            }
            rig.engine.onWrap = { _, target ->
                target.put(ByteArray(1000))
                status = NOT_HANDSHAKING
                result(Status.OK, 0, 1000)
            }
            repeat(2000) { rig.receive("00") }
            rig.near.output.size shouldBeLessThanOrEqual 300_000
            rig.far.resumeReading()
            rig.loop.run()
            rig.recorder.size shouldBe 2000
            rig.peer.size shouldBe 2_000_000
        }

        // The end.

        test(
            "the end of the input without a close_notify is an end, and closeInbound is not called",
        ) {
            val rig = Rig(NOT_HANDSHAKING)
            rig.start()
            rig.receive("010061")
            rig.far.shutdownOutput()
            rig.loop.run()
            rig.recorder.received.decodeToString() shouldBe "a"
            rig.recorder.inputEnd.isCompleted shouldBe true
            rig.engine.isInboundClosed shouldBe false
            rig.recorder.closings.get() shouldBe 0
        }

        test("the end that arrives while reading is paused comes after what arrived before it") {
            val rig = Rig(NOT_HANDSHAKING)
            rig.start()
            rig.recording = { rig.tls.pauseReading() }
            rig.receive("010061".repeat(100_000))
            rig.far.shutdownOutput()
            rig.loop.run()
            rig.recorder.inputEnd.isCompleted shouldBe false
            while (!rig.recorder.inputEnd.isCompleted) {
                rig.tls.resumeReading()
                rig.loop.run()
            }
            rig.recorder.size shouldBe 100_000
        }

        test("readOnce delivers a part although reading is paused, and finds the end") {
            val rig = Rig(NOT_HANDSHAKING)
            rig.start()
            rig.recording = { rig.tls.pauseReading() }
            rig.receive("010061".repeat(100_000))
            rig.far.shutdownOutput()
            rig.loop.run()
            var reads = 0
            while (!rig.recorder.inputEnd.isCompleted) {
                rig.tls.readOnce()
                rig.loop.run()
                reads++ shouldBeLessThan 1000
            }
            rig.recorder.size shouldBe 100_000
            rig.recorder.inputEnd.isCompleted shouldBe true
        }

        test("a close_notify behind bytes that paused reading is an end when reading goes on") {
            for (isOnce in listOf(false, true)) {
                val rig = Rig(NOT_HANDSHAKING)
                rig.start()
                rig.recording = { rig.tls.pauseReading() }
                rig.engine.onUnwrap = closingAtFf
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

        test("a listener that resumes reading during readOnce is read on") {
            val rig = Rig(NOT_HANDSHAKING)
            rig.start()
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
                val rig = Rig(NOT_HANDSHAKING)
                rig.start()
                rig.recording = { rig.tls.pauseReading() }
                rig.engine.onUnwrap = { source, target ->
                    val byte = source.get()
                    if (byte.toInt() == -1) throw SSLException("on purpose")
                    target.put(byte)
                    result(Status.OK, 1, 1, NEED_UNWRAP)
                }
                rig.receive("61 ff")
                if (isOnce) rig.tls.readOnce() shouldBe false else rig.tls.resumeReading()
                rig.fails("on purpose")
                rig.recorder.received.decodeToString() shouldBe "a"
            }
        }

        test("an engine that wants to send after the peer's end, and has nothing, is let be") {
            val rig = Rig(NOT_HANDSHAKING)
            rig.start()
            rig.engine.onUnwrap = { source, _ ->
                source.get()
                hasInboundEnded = true
                status = NEED_WRAP
                result(Status.CLOSED, 1)
            }
            rig.engine.onWrap = { source, target ->
                val size = source.remaining()
                target.put(source)
                result(Status.OK, size, size)
            }
            rig.receive("00")
            rig.recorder.inputEnd.isCompleted shouldBe true
            rig.tls.send(byteArrayOf(1, 2))
            rig.loop.run()
            rig.peer.received shouldBe byteArrayOf(1, 2)
            rig.engine.onWrap = { _, target ->
                target.put(9)
                result(Status.CLOSED, 0, 1)
            }
            rig.tls.shutdownOutput()
            rig.loop.run()
            rig.peer.received shouldBe byteArrayOf(1, 2, 9)
            rig.peer.inputEnd.isCompleted shouldBe true
        }

        test("an engine that never ends its output, with records or without, is left") {
            for (size in listOf(0, 1)) {
                val rig = Rig(NOT_HANDSHAKING)
                rig.start()
                rig.engine.onWrap = { _, target ->
                    check(steps < 10_000) { "endless" }
                    target.put(ByteArray(size))
                    result(Status.OK, 0, size)
                }
                rig.tls.shutdownOutput()
                rig.fails("no progress")
            }
        }

        test("own records of an engine without end, after bytes, end the connection") {
            val rig = Rig(NOT_HANDSHAKING)
            rig.start()
            rig.engine.onWrap = { source, target ->
                check(steps < 10_000) { "endless" }
                source.position(source.limit())
                target.put(0)
                result(Status.OK, 0, 1, NEED_WRAP)
            }
            rig.tls.send(byteArrayOf(1))
            rig.fails("no progress")
        }

        test("a close_notify that does not fit into the socket leaves when there is room") {
            val rig = Rig(NOT_HANDSHAKING, capacity = 3)
            rig.far.pauseReading()
            rig.engine.onWrap = { source, target ->
                if (source.hasRemaining()) {
                    target.put(source)
                    result(Status.OK, 1, 1)
                } else {
                    target.put(ByteArray(20))
                    result(Status.CLOSED, 0, 20)
                }
            }
            rig.start()
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
            val rig = Rig(NEED_WRAP)
            rig.tls.close()
            rig.start()
            rig.recorder.closed.isCompleted shouldBe true
            rig.opened.isCompleted shouldBe true
        }

        test("a peer that does not read the alert is left after some seconds") {
            val rig = Rig(NEED_TASK, capacity = 1)
            rig.far.pauseReading()
            rig.engine.tasks.addLast { throw IllegalStateException("on purpose") }
            rig.engine.onWrap = { _, target ->
                target.put(ByteArray(7))
                result(Status.CLOSED, 0, 7)
            }
            rig.start()
            rig.engine.status = NEED_WRAP
            rig.loop.advanceBy(3.seconds)
            rig.recorder.closed.isCompleted shouldBe true
            rig.loop.pendingTimers shouldBe 0
        }

        test("an open connection at rest has no task, no timer and no memory") {
            val rig = Rig(NOT_HANDSHAKING)
            rig.start()
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

        // Writing.

        test("what waits is what the peer was not sent, byte by byte") {
            val rig = Rig(NOT_HANDSHAKING, capacity = 10)
            rig.far.pauseReading()
            rig.start()
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
            val rig = Rig(NOT_HANDSHAKING, capacity = 10)
            rig.far.pauseReading()
            rig.start()
            rig.tls.send(ByteArray(8))
            rig.loop.run()
            rig.recorder.written.last() shouldBe 0
            rig.tls.send(ByteArray(5))
            rig.loop.run()
            rig.recorder.written.last() shouldBe 5
            rig.tls.send(ByteArray(5))
            rig.loop.run()
            rig.recorder.written.last() shouldBe 10
        }

        test("a stuck peer costs one batch of cipher text, however much waits") {
            val rig = Rig(NOT_HANDSHAKING, capacity = 10)
            rig.far.pauseReading()
            rig.start()
            repeat(100) {
                rig.tls.send(ByteArray(10_000))
                rig.loop.run()
            }
            rig.tls.heldMemory shouldBeLessThanOrEqual 80_000
        }

        test("the memory that runs out is given back") {
            val rig = Rig(NOT_HANDSHAKING)
            rig.start()
            rig.receive("6400 61")
            rig.tls.send(ByteArray(10))
            rig.tls.forget()
            rig.tls.heldMemory shouldBe 0
            rig.tls.output.size shouldBe 0
            rig.recorder.forgotten.isCompleted shouldBe true
        }
    })

/** A transport over a pipe in memory whose other end is [far]. All on one virtual loop. */
private class Rig(
    status: javax.net.ssl.SSLEngineResult.HandshakeStatus,
    tasks: CoroutineDispatcher = Full,
    capacity: Int = MemoryTransport.CAPACITY,
) {
    val loop = VirtualLoop()
    val engine = ScriptedEngine(status)
    val opened = CompletableDeferred<Unit>()
    val near: MemoryTransport
    val far: MemoryTransport
    val tls: TlsTransport
    var recording: () -> Unit = {}
    val recorder = Recorder { recording() }
    val peer = Recorder()

    init {
        val (near, far) = MemoryTransport.pair(loop, capacity = capacity)
        this.near = near
        this.far = far
        tls = TlsTransport(near, ScriptedOpening(engine), opened, tasks)
    }

    val isOpen get() = opened.isCompleted && failure == null

    @OptIn(ExperimentalCoroutinesApi::class)
    private val failure
        get() = if (opened.isCompleted) opened.getCompletionExceptionOrNull() else null

    fun start() {
        far.start(peer)
        tls.start(recorder)
        loop.run()
    }

    fun receive(hex: String) {
        far.send(hex.filterNot(Char::isWhitespace).hexToByteArray())
        loop.run()
    }

    /** The connection has ended, with a cause that says [reason]. */
    fun fails(reason: String) {
        far.shutdownOutput()
        loop.run()
        recorder.closed.isCompleted shouldBe true
        @OptIn(ExperimentalCoroutinesApi::class)
        val cause: IOException = recorder.closed.getCompleted().shouldNotBeNull()
        cause.message shouldContain reason
        loop.advanceBy(10.seconds)
        loop.pendingTimers shouldBe 0
        tls.output.size shouldBe 0
        recorder.closings.get() shouldBe 1
    }
}

/** Decrypts each byte to itself, and takes FF for a close_notify. */
private val closingAtFf: ScriptedEngine.(ByteBuffer, ByteBuffer) -> SSLEngineResult =
    { source, target ->
        val byte = source.get()
        if (byte.toInt() == -1) {
            hasInboundEnded = true
            result(Status.CLOSED, 1)
        } else {
            target.put(byte)
            result(Status.OK, 1, 1)
        }
    }

/** Takes no task, like an executor that is full or was shut down. */
private object Full : CoroutineDispatcher() {
    override fun dispatch(context: CoroutineContext, block: Runnable): Unit =
        throw RejectedExecutionException("full")
}

/** Runs its tasks when it is opened, on the thread that opens it, and later ones at once. */
private class Gate : CoroutineDispatcher() {
    private val waiting = ArrayList<Runnable>()
    private var isOpen = false

    override fun dispatch(context: CoroutineContext, block: Runnable) {
        if (isOpen) block.run() else waiting.add(block)
    }

    fun open() {
        isOpen = true
        waiting.forEach(Runnable::run)
        waiting.clear()
    }
}
