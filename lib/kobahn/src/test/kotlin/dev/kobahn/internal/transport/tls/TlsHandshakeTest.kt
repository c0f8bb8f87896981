package dev.kobahn.internal.transport.tls

import dev.kobahn.internal.transport.tls.ScriptedRig.Companion.started
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import javax.net.ssl.SSLEngineResult.HandshakeStatus.FINISHED
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_TASK
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_UNWRAP
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_WRAP
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NOT_HANDSHAKING
import javax.net.ssl.SSLEngineResult.Status

/** Engines that do during the handshake what engines have done to others. */
class TlsHandshakeTest :
    FunSpec({
        timeout = 10_000

        for ((name, status) in listOf("unwrap" to NEED_UNWRAP, "wrap" to NEED_WRAP)) {
            test("$name that answers CLOSED without bytes during the handshake ends it") {
                val rig = started(status) {
                    onWrap = { _, _ -> result(Status.CLOSED) }
                    onUnwrap = { _, _ -> result(Status.CLOSED) }
                }
                rig.receive("00")
                rig.fails("during the TLS handshake")
            }
        }

        test("wrap that answers BUFFER_OVERFLOW whatever room it gets ends the handshake") {
            val rig = started(NEED_WRAP) { onWrap = { _, _ -> result(Status.BUFFER_OVERFLOW) } }
            rig.fails("no progress")
        }

        test("wrap that needs more room than there is gets it") {
            val rig = started(NEED_WRAP) {
                onWrap = { _, target ->
                    if (target.remaining() < 200_000) {
                        result(Status.BUFFER_OVERFLOW)
                    } else {
                        status = NOT_HANDSHAKING
                        produce(target, 10)
                    }
                }
            }
            rig.peer.received.size shouldBe 10
            rig.isOpen shouldBe true
        }

        test("wrap that never produces what it is asked for ends the connection") {
            val rig = started(NEED_WRAP) { onWrap = { _, _ -> result(Status.OK) } }
            rig.fails("no progress")
        }

        test("wrap that never has enough ends the connection") {
            val rig = started(NEED_WRAP) { onWrap = { _, target -> produce(target, 1) } }
            rig.fails("no progress")
            rig.engine.steps shouldBeLessThan 10_000
        }

        test("FINISHED that is never reported opens the connection all the same") {
            val rig = started(NEED_UNWRAP) {
                onUnwrap = { source, _ ->
                    status = NOT_HANDSHAKING
                    skip(source)
                }
            }
            rig.receive("00")
            rig.isOpen shouldBe true
        }

        test("FINISHED that is reported again changes nothing") {
            val rig = started(NOT_HANDSHAKING)
            rig.engine.onUnwrap = { source, target -> copy(source, target, FINISHED) }
            rig.receive("0102")
            rig.recorder.received shouldBe byteArrayOf(1, 2)
        }

        test("a handshake that never ends has a bound") {
            val rig = started(NEED_UNWRAP) {
                onUnwrap = { source, _ ->
                    source.position(source.limit())
                    result(Status.OK)
                }
            }
            repeat(11_000) { rig.receive("64" + "00".repeat(101)) }
            rig.fails("longer than")
        }

        // Tasks.

        test("a task that is announced but not there ends the connection") {
            started(NEED_TASK).fails("no progress")
        }

        test(
            "tasks run off the loop, nothing is decrypted meanwhile, and what came is not forgotten",
        ) {
            val gate = Gate()
            val rig = started(NEED_UNWRAP, gate) {
                onUnwrap = { source, _ ->
                    status = NEED_TASK
                    onUnwrap = null
                    skip(source)
                }
                tasks.addLast { status = NOT_HANDSHAKING }
            }
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
            val rig = started(NEED_TASK, Full) { tasks.addLast { status = NOT_HANDSHAKING } }
            rig.isOpen shouldBe true
        }

        test("a task that fails ends the handshake") {
            for (executor in listOf(Full, Gate().also { it.open() })) {
                val rig = started(NEED_TASK, executor) {
                    tasks.addLast { throw IllegalStateException("on purpose") }
                }
                rig.fails("on purpose")
            }
        }

        test("an Error of a task ends the handshake, and is not thrown to the executor") {
            val gate = Gate()
            val rig = started(NEED_TASK, gate) {
                tasks.addLast { throw NoClassDefFoundError("on purpose") }
            }
            gate.open()
            shouldThrow<NoClassDefFoundError> { rig.loop.run() }
            rig.loop.run()
            rig.recorder.closed.isCompleted shouldBe true
            rig.opened.isCompleted shouldBe true
        }

        test("a transport that is closed while a task runs stays closed") {
            val gate = Gate()
            val rig = started(NEED_TASK, gate) { tasks.addLast { status = NOT_HANDSHAKING } }
            rig.tls.close()
            rig.loop.run()
            gate.open()
            rig.loop.run()
            rig.isOpen shouldBe false
            rig.recorder.closings.get() shouldBe 1
        }

        test("a task of a transport that is closed before its turn is not run") {
            val gate = Gate()
            var runs = 0
            val rig = started(NEED_TASK, gate) { tasks.addLast { runs++ } }
            rig.tls.close()
            rig.loop.run()
            gate.open()
            rig.loop.run()
            runs shouldBe 0
        }
    })
