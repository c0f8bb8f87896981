package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.Allocation
import dev.kobahn.protocol.ByteQueue
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.ProtocolEvents
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.SegmentPool
import dev.kobahn.protocol.Side
import dev.kobahn.protocol.whereMeasured
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

/** Small frames allocate nothing: only each turn of the I/O does. */
class EchoAllocationTest :
    FunSpec({
        Role.entries.forEach { role ->
            test("an echo of small frames allocates nothing per frame ($role)").config(
                enabledOrReasonIf = whereMeasured,
            ) {
                val echo = Echo(Side(role))
                repeat(WARM_UP) { echo.turn() }
                val before = echo.echoed
                val allocated = Allocation.of { repeat(TURNS) { echo.turn() } }
                val frames = echo.echoed - before
                frames shouldBe TURNS * Echo.BATCH
                allocated / frames shouldBeLessThan 8
            }
        }
    })

private const val TURNS = 2_000
private const val WARM_UP = 200

/** Sends back what it receives, with arrays it uses again. */
private class Echo(private val side: Side) : ProtocolEvents {
    var echoed = 0
        private set

    private val output = ByteQueue(SegmentPool(4))
    private val protocol = Protocol(side.config, output, { ProtocolEnd.KEY }, this)
    private val payload = ByteArray(SIZE)
    private val template = ByteBuffer.allocate(BATCH * 64)
    private val input = ByteBuffer.allocateDirect(BATCH * 64)
    private val written = ByteBuffer.allocateDirect(BATCH * 64)

    init {
        repeat(BATCH) { template.put(side.frame(0x81, ByteArray(SIZE) { 'a'.code.toByte() })) }
        template.flip()
    }

    /** One read of [BATCH] frames and one write of the answers. */
    fun turn() {
        input.clear()
        template.position(0)
        input.put(template)
        input.flip()
        protocol.receive(input)
        written.clear()
        output.remove(output.copyTo(written))
        protocol.outputWritten()
        check(output.isEmpty)
    }

    override fun onFrameData(chunk: ByteBuffer) {
        chunk.get(payload)
    }

    override fun onMessageEnd() {
        protocol.sendMessage(MessageType.TEXT, payload)
        echoed++
    }

    companion object {
        const val BATCH = 50
        private const val SIZE = 32
    }
}
