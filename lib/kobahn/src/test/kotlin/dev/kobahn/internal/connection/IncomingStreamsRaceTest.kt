package dev.kobahn.internal.connection

import dev.kobahn.MessageReader
import dev.kobahn.protocol.MessageType
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield

class IncomingStreamsRaceTest :
    FunSpec({
        test("a reader that keeps up on another thread gets every message, and nothing is left") {
            withContext(Dispatchers.Default) {
                val streams = IncomingStreams(Long.MAX_VALUE, SilentListener)
                val numbers = async { numbers(streams) }
                repeat(MESSAGES) { number ->
                    streams.message(number)
                    // Few may wait: it is who takes the last that meets who brings the next.
                    while (streams.readers.waitingCount > 2) yield()
                }
                streams.end(null)
                numbers.await() shouldContainExactly List(MESSAGES) { it }
                streams.isEmptied.shouldBeTrue()
            }
        }

        test("nothing is kept of what comes while receiving is cancelled") {
            withContext(Dispatchers.Default) {
                repeat(CANCELLED) {
                    val streams = IncomingStreams(Long.MAX_VALUE, SilentListener)
                    val cancelling = launch { streams.readers.cancel(null) }
                    while (!cancelling.isCompleted) streams.message(1)
                    streams.message(2)
                    streams.isEmptied.shouldBeTrue()
                }
            }
        }

        test("what is forgotten while another thread reads it is given back once") {
            withContext(Dispatchers.Default) {
                repeat(FORGOTTEN) {
                    val streams = IncomingStreams(Long.MAX_VALUE, SilentListener)
                    repeat(PIECES) { number -> streams.message(number) }
                    val reading = launch { runCatching { numbers(streams) } }
                    while (streams.readers.waitingCount == PIECES) yield()
                    streams.release()
                    streams.end(null)
                    reading.join()
                    streams.weight shouldBe 0
                }
            }
        }
    })

private const val MESSAGES = 40_000
private const val CANCELLED = 2_000
private const val FORGOTTEN = 2_000
private const val PIECES = 20
private const val FRAME = 8L

private object SilentListener : IncomingChannel.Listener {
    override val dispatcher = null

    override fun resumesOnCancellation(job: Job): Boolean = false

    override fun onReceive() = Unit

    override fun onSpace() = Unit

    override fun onIdle() = Unit

    override fun onFull() = Unit

    override fun closedException() = IllegalStateException("closed")
}

/** A message that begins with [number]. */
private fun IncomingStreams.message(number: Int) {
    beginMessage(MessageType.BINARY)
    beginFrame(FRAME)
    data(number.bytes())
    data(number.bytes())
    endFrame()
    endMessage()
}

private fun Int.bytes() = ByteBuffer.allocate(Int.SIZE_BYTES).putInt(this).also { it.flip() }

/** Receives until the end; of every second message only what is needed is read. */
private suspend fun numbers(streams: IncomingStreams): List<Int> {
    val numbers = ArrayList<Int>(MESSAGES)
    for (message in streams.readers) {
        numbers.add(ByteBuffer.wrap(message.read()!!).getInt())
        if (numbers.size % 2 == 0) message.readAll()
    }
    return numbers
}

private suspend fun MessageReader.readAll() {
    do {
        val bytes = read()
    } while (bytes != null)
}
