package dev.kobahn.internal.connection

import dev.kobahn.ConnectionClosedException
import dev.kobahn.MessageReader
import dev.kobahn.protocol.Role
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.ExperimentalCoroutinesApi

/** Messages in pieces whose connection gives up what it holds. */
class ForgottenStreamsTest :
    FunSpec({
        test("a reader that waits learns of the end though all was forgotten before it") {
            val rig = rig()
            val reading = rig.begin {
                val message = incomingStreams.receive()
                message.read()
                message.read()
            }
            rig.receive(rig.peer.frame(0x02, ByteArray(10)))
            rig.connection.forget()
            rig.transport.vanish()
            rig.loop.run()
            reading.shouldHaveMissed()
        }

        for (isTaken in listOf(true, false)) {
            test("a message of which a part was forgotten never looks complete (taken: $isTaken)") {
                val rig = rig()
                val goOn = CompletableDeferred<Unit>()
                val reading = rig.begin {
                    if (!isTaken) goOn.await()
                    val message = incomingStreams.receive()
                    message.read().shouldNotBeNull().size shouldBe 10
                    goOn.await()
                    message.readAll()
                }
                rig.receive(
                    rig.peer.frame(0x02, ByteArray(10)),
                    rig.peer.frame(0x80, ByteArray(50_000)),
                )
                rig.connection.memory!!.giveUpMemory()
                rig.loop.run()
                goOn.complete(Unit)
                rig.loop.advanceBy(ConnectionRig.LONG)
                reading.shouldHaveMissed()
            }
        }
    })

private fun rig() = ConnectionRig(
    Role.SERVER,
    maxIncomingQueueSize = 1_000_000,
    budget = MemoryBudget(10_000_000),
)

private suspend fun MessageReader.readAll() {
    do {
        val bytes = read()
    } while (bytes != null)
}

@OptIn(ExperimentalCoroutinesApi::class)
private fun Deferred<*>.shouldHaveMissed() =
    getCompletionExceptionOrNull().shouldBeInstanceOf<ConnectionClosedException>()
