package dev.kobahn.internal.transport

import dev.kobahn.protocol.ByteQueue
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.shouldBe
import java.io.IOException
import java.net.Socket
import java.net.SocketAddress
import java.net.SocketOption
import java.nio.ByteBuffer
import java.nio.channels.ClosedByInterruptException
import java.nio.channels.SocketChannel
import java.nio.channels.spi.SelectorProvider

class SocketWriterTest :
    FunSpec({
        test("an interrupted thread writes, and is interrupted afterwards") {
            val channel = OldChannel()
            val (outcome, isInterrupted) = interrupted { writer(channel).write() }
            outcome.getOrThrow() shouldBe SocketWriter.Outcome.DONE
            isInterrupted.shouldBeTrue()
            channel.written shouldBe "hello"
            channel.isOpen.shouldBeTrue()
        }

        test("a write that fails leaves an interrupted thread interrupted") {
            val channel = OldChannel(fails = true)
            val (outcome, isInterrupted) = interrupted { writer(channel).write() }
            outcome.exceptionOrNull()?.message shouldBe "on purpose"
            isInterrupted.shouldBeTrue()
        }

        test("a write does not interrupt a thread that was not interrupted") {
            val channel = OldChannel()
            writer(channel).write()
            Thread.interrupted().shouldBeFalse()
            channel.written shouldBe "hello"
        }

        test("abandoning the output during a write still counts the bytes written") {
            val channel = OldChannel()
            val writer = writer(channel)
            channel.duringWrite = {
                writer.abandon()
                // Appends without a flush, as a thread that sends too late does.
                writer.output.append("too late".encodeToByteArray())
                writer.write() shouldBe SocketWriter.Outcome.DONE
            }
            writer.write() shouldBe SocketWriter.Outcome.DONE
            writer.output.position shouldBe 5L
            writer.output.isEmpty.shouldBeTrue()
            channel.written shouldBe "hello"
        }

        test("abandoning the output during a write that fails leaves nothing in the output") {
            val channel = OldChannel(fails = true)
            val writer = writer(channel)
            channel.duringWrite = { writer.abandon() }
            shouldThrow<IOException> { writer.write() }.message shouldBe "on purpose"
            writer.output.position shouldBe 0L
            writer.output.isEmpty.shouldBeTrue()
        }
    })

/** Interrupts the thread, then returns the result of [action] and whether the thread is still interrupted. */
private fun <T> interrupted(action: () -> T): Pair<Result<T>, Boolean> {
    Thread.currentThread().interrupt()
    val result = runCatching(action)
    return result to Thread.interrupted()
}

private fun writer(channel: SocketChannel) =
    SocketWriter(ByteQueue().apply { append("hello".encodeToByteArray()) }, channel)

private fun SocketWriter.write() = write(ByteBuffer.allocate(100), isReady = false)

/** Behaves like the channels of Java 8 to 10: a write of an interrupted thread closes it. */
private class OldChannel(private val fails: Boolean = false) :
    SocketChannel(SelectorProvider.provider()) {
    var written = ""
        private set

    var duringWrite = {}

    override fun write(source: ByteBuffer): Int {
        duringWrite()
        if (Thread.currentThread().isInterrupted) {
            close()
            throw ClosedByInterruptException()
        }
        if (fails) throw IOException("on purpose")
        val bytes = ByteArray(source.remaining()).also(source::get)
        written += bytes.decodeToString()
        return bytes.size
    }

    override fun implCloseSelectableChannel() = Unit

    override fun implConfigureBlocking(block: Boolean) = Unit

    override fun bind(local: SocketAddress?): SocketChannel = unused()

    override fun <T> setOption(name: SocketOption<T>, value: T): SocketChannel = unused()

    override fun <T> getOption(name: SocketOption<T>): T = unused()

    override fun supportedOptions(): Set<SocketOption<*>> = unused()

    override fun shutdownInput(): SocketChannel = unused()

    override fun shutdownOutput(): SocketChannel = unused()

    override fun socket(): Socket = unused()

    override fun isConnected(): Boolean = unused()

    override fun isConnectionPending(): Boolean = unused()

    override fun connect(remote: SocketAddress?): Boolean = unused()

    override fun finishConnect(): Boolean = unused()

    override fun getRemoteAddress(): SocketAddress = unused()

    override fun read(target: ByteBuffer?): Int = unused()

    override fun read(targets: Array<out ByteBuffer>?, offset: Int, length: Int): Long = unused()

    override fun write(sources: Array<out ByteBuffer>?, offset: Int, length: Int): Long = unused()

    override fun getLocalAddress(): SocketAddress = unused()

    private fun unused(): Nothing = error("not used")
}
