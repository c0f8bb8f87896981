package dev.kobahn.internal.connection

import dev.kobahn.ConnectionClosedException
import dev.kobahn.PreparedMessage
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.bothRoles
import dev.kobahn.protocol.extension.ByteSink
import dev.kobahn.protocol.extension.MessageEncoder
import dev.kobahn.protocol.extension.encodingBy
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.Deferred

/** What others may do while an extension transforms a message, which may take long. */
class EncodingTurnTest :
    FunSpec({
        for ((name, send) in waysToSend) {
            bothRoles("nobody waits for the outgoing queue while a message is encoded: $name") {
                val rig = EncodingRig(role)
                var heldLock = true
                var frames = emptyList<String>()
                rig.encoder.meanwhile = {
                    heldLock = Thread.holdsLock(rig.connection.output)
                    rig.receive(rig.peer.ping("a"))
                    frames = rig.peer.frames
                }
                rig.begin { send("one") }.isCompleted shouldBe true
                heldLock shouldBe false
                frames shouldBe listOf("pong a")
                rig.messages shouldContainExactly listOf("one")
            }

            bothRoles("a Close that leaves while a message is encoded is the last frame: $name") {
                val rig = EncodingRig(role)
                rig.encoder.meanwhile = { rig.connection.beginClose(1000, "") }
                val sent = rig.begin { runCatching { send("one") }.exceptionOrNull() }
                (sent.await() is ConnectionClosedException) shouldBe true
                rig.peer.frames shouldBe listOf("close 1000")
                rig.receive(rig.peer.close(1000))
                rig.loop.advanceBy(ConnectionRig.LONG)
                rig.connection.closeStatus?.wasClean shouldBe true
                rig.extension.open shouldBe 0
            }

            bothRoles("encoders are closed once the message is encoded: $name") {
                val rig = EncodingRig(role)
                var open = 0
                rig.encoder.meanwhile = {
                    rig.connection.drop()
                    rig.loop.run()
                    open = rig.encoder.open
                }
                val sent = rig.begin { runCatching { send("one") }.exceptionOrNull() }
                (sent.await() is ConnectionClosedException) shouldBe true
                open shouldBe 1
                rig.encoder.open shouldBe 0
            }
        }

        bothRoles(
            "who sends while a message is encoded waits for its turn, first come first served",
        ) {
            val rig = EncodingRig(role)
            val later = ArrayList<Deferred<Unit>>()
            var tried = true
            rig.encoder.meanwhile = {
                rig.encoder.meanwhile = {}
                later += rig.begin { send(MessageType.TEXT, "two".encodeToByteArray()) }
                later += rig.begin { outgoing.send(PreparedMessage("three")) }
                later += rig.begin { sendMessage(MessageType.TEXT) { write("four") } }
                later += rig.begin { send(MessageType.TEXT, "five".encodeToByteArray()) }
                tried = rig.connection.trySend(MessageType.TEXT, "no".encodeToByteArray())
                later.map { it.isCompleted } shouldBe List(4) { false }
            }
            rig.begin { send(MessageType.TEXT, "one".encodeToByteArray()) }
            later.map { it.isCompleted } shouldBe List(4) { true }
            later.forEach { it.await() }
            tried shouldBe false
            rig.messages shouldContainExactly listOf("one", "two", "three", "four", "five")
        }

        bothRoles("who is cancelled while another message is encoded has sent nothing") {
            val rig = EncodingRig(role)
            rig.encoder.meanwhile = {
                rig.encoder.meanwhile = {}
                rig.begin { send(MessageType.TEXT, "no".encodeToByteArray()) }.cancel()
            }
            rig.begin { send(MessageType.TEXT, "one".encodeToByteArray()) }
            rig.connection.trySend(MessageType.TEXT, "two".encodeToByteArray()) shouldBe true
            rig.loop.run()
            rig.messages shouldContainExactly listOf("one", "two")
        }

        bothRoles("who waits for a message that cannot be encoded is told that as well") {
            val rig = EncodingRig(role)
            val later = ArrayList<Deferred<Unit>>()
            rig.encoder.meanwhile = {
                later += rig.begin { send(MessageType.TEXT, "two".encodeToByteArray()) }
                throw ArithmeticException("encoder")
            }
            val first = rig.begin { send(MessageType.TEXT, "one".encodeToByteArray()) }
            shouldThrow<ArithmeticException> { first.await() }
            (runCatching { later.single().await() }.isFailure) shouldBe true
            rig.peer.frames shouldBe listOf("close 1011")
        }

        test("a message for many is encoded outside of the queue of each of them, and once") {
            val rigs = List(2) { EncodingRig(Role.SERVER) }
            val prepared = PreparedMessage("one")
            var pongs = emptyList<String>()
            rigs[0].encoder.meanwhile = {
                rigs[0].receive(rigs[0].peer.ping("a"))
                pongs = rigs[0].peer.frames
                // in its turn the first is kept, whoever made it
                rigs[1].connection.outgoing.trySend(prepared) shouldBe true
            }
            rigs[0].connection.outgoing.trySend(prepared) shouldBe true
            rigs.forEach { it.loop.run() }
            pongs shouldBe listOf("pong a")
            rigs.map { it.messages } shouldBe List(2) { listOf("one") }
            rigs[1].connection.outgoing.trySend(prepared) shouldBe true
            rigs.map { it.encoder.calls } shouldBe listOf(1, 1)
        }
    })

private val waysToSend = listOf<Pair<String, suspend Connection.(String) -> Unit>>(
    "send" to { send(MessageType.TEXT, it.encodeToByteArray()) },
    "trySend" to { check(trySend(MessageType.TEXT, it.encodeToByteArray())) },
    "sendMessage" to { sendMessage(MessageType.TEXT) { end(it.encodeToByteArray()) } },
    "a prepared message" to { outgoing.send(PreparedMessage(it)) },
)

/** A connection whose messages are encoded by [encoder]. */
private class EncodingRig(role: Role) {
    val encoder = SlowEncoder()
    val extension = encodingBy(encoder)
    private val rig = ConnectionRig(role, extensions = listOf(extension))
    val loop get() = rig.loop
    val peer get() = rig.peer
    val connection get() = rig.connection

    fun <T> begin(block: suspend Connection.() -> T) = rig.begin(block)

    fun receive(frame: ByteArray) = rig.receive(frame)

    /** The messages that came to the peer. */
    val messages: List<String>
        get() {
            val texts = ArrayList<String>()
            for (frame in peer.rawFrames) {
                val bytes = frame.split(' ').map { it.toInt(16).toByte() }.toByteArray()
                val payload = bytes.copyOfRange(1, bytes.size).decodeToString()
                when (bytes[0].toInt() and 0x0F) {
                    1 -> texts += payload
                    0 -> texts[texts.lastIndex] += payload
                }
            }
            return texts
        }
}

/** Changes nothing, but does something else in the middle of it. */
private class SlowEncoder : MessageEncoder {
    var meanwhile = {}
    var calls = 0
        private set
    var open = 1
        private set

    override val standaloneForm: Any get() = "slow"

    override fun begin(type: MessageType, length: Long): Boolean = true

    override fun encode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) {
        calls++
        meanwhile()
        output.write(bytes, offset, length)
    }

    override fun flush(output: ByteSink) = Unit

    override fun end(output: ByteSink) = Unit

    override fun encodeStandalone(bytes: ByteArray, output: ByteSink) =
        encode(bytes, 0, bytes.size, output)

    override fun close() {
        open--
    }
}
