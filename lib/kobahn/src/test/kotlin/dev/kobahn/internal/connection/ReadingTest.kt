package dev.kobahn.internal.connection

import dev.kobahn.Message
import dev.kobahn.protocol.Role
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

class ReadingTest :
    FunSpec({
        test("bytes that arrive are parsed behind those that wait") {
            val rig = ConnectionRig(Role.SERVER)
            val received = rig.begin { List(3) { incoming.receive() } }
            val frames = listOf("first", "second", "third").map { rig.peer.text(it) }
            rig.connection.reading.keep(ByteBuffer.wrap(frames[0]))
            for (frame in frames.drop(1)) rig.connection.onBytes(ByteBuffer.wrap(frame))
            rig.loop.run()
            received.await() shouldBe
                listOf("first", "second", "third").map { Message.Text(it) }
        }
    })
