package dev.kobahn.internal.transport.tls

import dev.kobahn.internal.connection.MemoryTransport
import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.VirtualLoop
import dev.kobahn.protocol.ByteQueue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.util.concurrent.CountDownLatch
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_WRAP
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NOT_HANDSHAKING
import javax.net.ssl.SSLEngineResult.Status
import javax.net.ssl.SSLException
import kotlin.concurrent.thread

/** The meeting of a thread that encrypts with another that ends the transport. */
class TlsWriterTest :
    FunSpec({
        timeout = 20_000

        test("who encrypts takes the own output before that of the inner transport") {
            val rig = WriterRig()
            rig.goOn.countDown()
            rig.encrypt().join()
            rig.isInOrder shouldBe true
            rig.near.output.takeAll() shouldBe byteArrayOf(1)
        }

        test("an alert leaves behind the records that another thread was encrypting") {
            val rig = WriterRig()
            val encrypting = rig.encrypt()
            rig.writer.fail()
            val alerting = thread { rig.writer.sendAlert(rig.engine) }
            alerting.awaitBlocked()
            rig.goOn.countDown()
            encrypting.join()
            alerting.join()
            rig.near.output.takeAll() shouldBe byteArrayOf(1, 2)
        }

        test("the records before one that fails leave, and then the alert") {
            val rig = WriterRig()
            rig.engine.onWrap = { source, target ->
                if (source.position() > 0) throw SSLException("on purpose")
                source.get()
                target.put(1)
                result(Status.OK, 1, 1)
            }
            val failure = runCatching { rig.writer.encrypt(rig.engine) }.exceptionOrNull()
            failure?.message shouldBe "on purpose"
            rig.near.output.takeAll() shouldBe byteArrayOf(1)
        }

        test("nothing is appended to the output of a transport that has ended") {
            val rig = WriterRig()
            val encrypting = rig.encrypt()
            rig.writer.abandon()
            rig.goOn.countDown()
            encrypting.join()
            rig.near.output.size shouldBe 0
        }
    })

/** A writer over an [output] of two bytes, whose [engine] encrypts when [goOn] is counted down. */
private class WriterRig {
    val near = MemoryTransport.pair(VirtualLoop()).first
    val output = ByteQueue()

    /** Whether each use of the output of [near] holds [output]: senders take the two in this order. */
    var isInOrder = true
    private val inner = object : Transport by near {
        override val output: ByteQueue
            get() {
                if (!Thread.holdsLock(this@WriterRig.output)) isInOrder = false
                return near.output
            }
    }
    val writer = TlsWriter(output, inner)
    val engine = ScriptedEngine(NOT_HANDSHAKING)
    val goOn = CountDownLatch(1)
    private val begun = CountDownLatch(1)

    init {
        output.append(byteArrayOf(7, 7))
        writer.open()
        engine.statusWhenClosed = NEED_WRAP
        engine.onWrap = { source, target ->
            if (source.hasRemaining()) {
                begun.countDown()
                goOn.await()
                source.position(source.limit())
                target.put(1)
                result(Status.OK, 2, 1)
            } else {
                target.put(2)
                result(Status.CLOSED, 0, 1)
            }
        }
    }

    /** Begins to encrypt on another thread, which waits for [goOn] inside the engine. */
    fun encrypt(): Thread = thread { writer.encrypt(engine) }.also { begun.await() }
}

private fun Thread.awaitBlocked() {
    while (state != Thread.State.BLOCKED) Thread.yield()
}
