package dev.kobahn.internal.transport

import dev.kobahn.capturedLog
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.IOException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.net.Socket
import java.net.SocketAddress
import java.net.SocketOption
import java.nio.ByteBuffer
import java.nio.channels.SelectionKey
import java.nio.channels.Selector
import java.nio.channels.SocketChannel
import java.nio.channels.spi.AbstractSelectableChannel
import java.nio.channels.spi.AbstractSelector
import java.nio.channels.spi.SelectorProvider
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

/** A connection ends even if the system or the JVM fails to read, write or close its channel. */
internal class FailingChannelTest :
    FunSpec({
        timeout = 30_000

        suspend fun served(test: suspend (SocketTransport, FailingChannel) -> Unit) {
            val loop = EventLoop("failing channel", openSelector = ::UnwrappingSelector)
            loop.start()
            val here = InetAddress.getLoopbackAddress()
            ServerSocket(0, 1, here).use { server ->
                SocketChannel.open(InetSocketAddress(here, server.localPort)).use { real ->
                    val channel = FailingChannel(real)
                    channel.configureBlocking(false)
                    test(withContext(loop.dispatcher) { SocketTransport(channel, loop) }, channel)
                }
            }
            loop.stop()
            loop.termination.join()
        }

        for (failure in listOf(IOException("on purpose"), NoClassDefFoundError("on purpose"))) {
            test("a listener hears of the end though its channel cannot be closed: $failure") {
                val log = capturedLog {
                    served { transport, channel ->
                        val recorder = transport.record()
                        channel.failure = failure
                        transport.close()
                        withTimeout(5.seconds) { recorder.closed.await() }
                        withContext(transport.loop.dispatcher) { channel.isSelected } shouldBe false
                    }
                }
                log shouldContain "on purpose"
            }
        }

        for (way in listOf("write", "read")) {
            test("a $way outside of events that fails ends the connection, and throws nothing") {
                capturedLog {
                    served { transport, channel ->
                        val recorder = transport.record()
                        channel.failure = NoClassDefFoundError("on purpose")
                        val hasReturned = transport.onLoop {
                            transport.send(ByteArray(10))
                            // Timers call these, and must not fail with the channel.
                            if (way == "write") transport.writeNow() else transport.readOnce()
                            true
                        }
                        val cause = withTimeout(5.seconds) { recorder.closed.await() }
                        cause.shouldNotBeNull().cause?.message shouldBe "on purpose"
                        hasReturned shouldBe true
                    }
                }
            }
        }
    })

/** A channel that delegates to [real], and can be told to fail. */
internal class FailingChannel(private val real: SocketChannel) :
    SocketChannel(SelectorProvider.provider()) {
    /** The exception that writing, reading and closing throw, or null. */
    @Volatile
    var failure: Throwable? = null

    private var key: SelectionKey? = null

    /** Whether a selector watches the channel. On the loop. */
    val isSelected: Boolean get() = key?.isValid == true

    fun registerReal(selector: Selector, ops: Int, attachment: Any?): SelectionKey =
        real.register(selector, ops, attachment).also { key = it }

    private fun failing() {
        failure?.let { throw it }
    }

    override fun implCloseSelectableChannel() {
        failing()
        real.close()
    }

    override fun implConfigureBlocking(block: Boolean) {
        real.configureBlocking(block)
    }

    override fun write(source: ByteBuffer): Int = failing().run { real.write(source) }

    override fun write(sources: Array<out ByteBuffer>, offset: Int, length: Int): Long =
        real.write(sources, offset, length)

    override fun read(target: ByteBuffer): Int = failing().run { real.read(target) }

    override fun read(targets: Array<out ByteBuffer>, offset: Int, length: Int): Long =
        real.read(targets, offset, length)

    override fun getRemoteAddress(): SocketAddress? = real.remoteAddress

    override fun getLocalAddress(): SocketAddress? = real.localAddress

    override fun socket(): Socket = real.socket()

    override fun isConnected(): Boolean = real.isConnected

    override fun isConnectionPending(): Boolean = real.isConnectionPending

    override fun connect(remote: SocketAddress?): Boolean = real.connect(remote)

    override fun finishConnect(): Boolean = real.finishConnect()

    override fun bind(local: SocketAddress?): SocketChannel = apply { real.bind(local) }

    override fun <T> setOption(name: SocketOption<T>, value: T): SocketChannel =
        apply { real.setOption(name, value) }

    override fun <T> getOption(name: SocketOption<T>): T = real.getOption(name)

    override fun supportedOptions(): Set<SocketOption<*>> = real.supportedOptions()

    override fun shutdownInput(): SocketChannel = apply { real.shutdownInput() }

    override fun shutdownOutput(): SocketChannel = apply { real.shutdownOutput() }
}

/** Selects the real channels of [FailingChannel]s: the JDK's selectors accept only its channels. */
private class UnwrappingSelector : AbstractSelector(SelectorProvider.provider()) {
    private val real = open()

    override fun register(
        channel: AbstractSelectableChannel,
        ops: Int,
        attachment: Any?,
    ): SelectionKey = (channel as FailingChannel).registerReal(real, ops, attachment)

    override fun selectNow(): Int = real.selectNow()

    override fun select(timeout: Long): Int = real.select(timeout)

    override fun select(): Int = select(0)

    override fun wakeup(): Selector = apply { real.wakeup() }

    override fun keys(): Set<SelectionKey> = real.keys()

    override fun selectedKeys(): Set<SelectionKey> = real.selectedKeys()

    override fun implCloseSelector() = real.close()
}
