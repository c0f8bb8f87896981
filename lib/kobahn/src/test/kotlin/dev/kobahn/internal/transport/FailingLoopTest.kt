package dev.kobahn.internal.transport

import dev.kobahn.capturedLog
import dev.kobahn.count
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.Pipe
import java.nio.channels.SelectionKey
import java.nio.channels.Selector
import java.nio.channels.spi.AbstractSelectableChannel
import java.nio.channels.spi.AbstractSelector
import java.nio.channels.spi.SelectorProvider
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.withContext

internal class FailingLoopTest :
    FunSpec({
        timeout = 30_000

        test("while selecting fails, timers and tasks run, and the failure is logged once") {
            val selector = FailingSelector()
            val loop = EventLoop("failing", openSelector = { selector })
            val log = capturedLog {
                selector.fails = true
                loop.start()
                withContext(loop.dispatcher) { loop.isCurrent } shouldBe true
                val fired = CompletableDeferred<Int>()
                loop.schedule(300.milliseconds) { fired.complete(selector.failures.get()) }
                // The loop pauses 10 ms after each failure.
                fired.await() shouldBeInRange 2..60
            }
            log.count("Selecting failed on failing") shouldBe 1
            selector.fails = false
            loop.stop()
            loop.termination.join()
        }

        test("a loop whose constructor fails leaves no selector open") {
            val selector = FailingSelector()
            selector.fails = true
            shouldThrow<Exception> { EventLoop("never made", openSelector = { selector }) }
            selector.isOpen shouldBe false
        }

        test("a selector that recovers and fails again is logged again") {
            val selector = FailingSelector()
            val loop = EventLoop("failing anew", openSelector = { selector })
            loop.start()
            val log = capturedLog {
                repeat(2) {
                    selector.fails = true
                    selector.failures.set(0)
                    while (selector.failures.get() < 2) withContext(loop.dispatcher) { }
                    selector.fails = false
                    selector.successes.set(0)
                    while (selector.successes.get() < 2) withContext(loop.dispatcher) { }
                }
            }
            log.count("Selecting failed on failing anew") shouldBe 2
            loop.stop()
            loop.termination.join()
        }

        test("channels that a selector without memory dropped are watched or closed later") {
            val dropping = FailingSelector()
            val selectors = ArrayDeque<Selector>(listOf(dropping))
            val loop = EventLoop("short") { selectors.removeFirstOrNull() ?: Selector.open() }
            loop.start()
            dropping.fails = true
            val unheard = Channel()
            val unclosed = Channel()
            withContext(loop.dispatcher) {
                unheard.register(dropping.real)
                unclosed.register(dropping.real)
                unclosed.key.cancel()
            }
            unheard.pipe.sink().write(ByteBuffer.allocate(1))
            loop.execute { throw OutOfMemoryError("for the test") }
            unheard.isHeard.await()
            unheard.key.selector() shouldBe loop.selector
            dropping.isOpen shouldBe false
            shouldThrow<IOException> { unclosed.pipe.sink().write(ByteBuffer.allocate(1)) }
            loop.stop()
            loop.termination.join()
            shouldThrow<IOException> { unheard.pipe.sink().write(ByteBuffer.allocate(1)) }
        }
    })

/** Reads from a [pipe]. */
private class Channel : ReadyHandler {
    val pipe: Pipe = Pipe.open()
    val isHeard = CompletableDeferred<Unit>()
    override lateinit var key: SelectionKey

    fun register(selector: Selector) {
        pipe.source().configureBlocking(false)
        key = pipe.source().register(selector, SelectionKey.OP_READ, this)
    }

    override fun onReady(ops: Int) {
        pipe.source().read(ByteBuffer.allocate(1))
        isHeard.complete(Unit)
    }

    override fun onTurnEnd() = Unit

    override fun onLoopStopped() = pipe.source().close()
}

/** A selector that can be told to fail. */
private class FailingSelector : AbstractSelector(SelectorProvider.provider()) {
    val real: Selector = Selector.open()
    val failures = AtomicInteger()
    val successes = AtomicInteger()

    @Volatile
    var fails = false

    private fun failing(): Int {
        if (!fails) {
            successes.incrementAndGet()
            return 0
        }
        failures.incrementAndGet()
        throw IOException("for the test")
    }

    override fun selectNow(): Int = failing() + real.selectNow()

    override fun select(timeout: Long): Int = failing() + real.select(timeout)

    override fun select(): Int = select(0)

    override fun wakeup(): Selector = apply { real.wakeup() }

    override fun keys(): Set<SelectionKey> = real.keys()

    override fun selectedKeys(): Set<SelectionKey> = real.selectedKeys()

    override fun implCloseSelector() = real.close()

    override fun register(
        channel: AbstractSelectableChannel,
        ops: Int,
        attachment: Any?,
    ): SelectionKey = throw UnsupportedOperationException()
}
