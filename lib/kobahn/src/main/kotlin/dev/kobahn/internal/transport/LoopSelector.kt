package dev.kobahn.internal.transport

import io.ktor.network.selector.SelectInterest
import io.ktor.network.selector.Selectable
import io.ktor.network.selector.SelectorManager
import io.ktor.utils.io.InternalAPI
import java.lang.reflect.InvocationTargetException
import java.lang.reflect.Method
import java.nio.channels.CancelledKeyException
import java.nio.channels.ClosedChannelException
import java.nio.channels.SelectionKey
import java.nio.channels.Selector
import java.nio.channels.spi.SelectorProvider
import java.util.function.Consumer
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.suspendCancellableCoroutine

/** Handles a channel of an [EventLoop]; attached to the channel's key. All calls come on the loop. */
internal interface ReadyHandler {
    /** The key of the channel. The loop sets another one when it renews its selector. */
    var key: SelectionKey

    /** The channel is ready for [ops], a set of operations of `SelectionKey`. */
    fun onReady(ops: Int)

    /**
     * Time to write: the tasks that [onReady] caused have run, or the turn in which
     * [EventLoop.callAtTurnEnd] was called ends.
     */
    fun onTurnEnd()

    /** The loop ends: close the channel. */
    fun onLoopStopped()
}

/**
 * The [selector] of an event loop, with the keys that it found ready and that are not served yet.
 * Belongs to the loop.
 *
 * Selects without allocating, so that a loop without memory still learns which of its peers have
 * gone: since Java 11 a selector can name the keys one by one, while its set of selected keys costs
 * an object per key and call.
 *
 * The JDK's selector itself needs memory to watch a channel and to forget one. Without memory it
 * drops the channel, which is then never reported again, or never closed. [renew] repairs that.
 */
internal class LoopSelector(private val open: () -> Selector) {
    /** The current selector. From any thread. */
    @Volatile
    var selector: Selector = open()
        private set

    private var keys = arrayOfNulls<SelectionKey>(AT_ONCE)
    private var count = 0
    private val keep = Consumer<SelectionKey>(::add)
    private val arguments = arrayOf<Any>(keep, 0L)
    private val noTimeout = arrayOf<Any>(keep)

    init {
        // Reflection generates a class for a method that is called often. That must not happen when
        // memory is short.
        try {
            if (SELECT != null && SELECT_NOW != null) rehearse()
        } catch (failure: Throwable) {
            selector.close()
            throw failure
        }
        count = 0
    }

    private fun rehearse() = repeat(CALLS_UNTIL_COMPILED) {
        selectNow()
        selector.wakeup()
        select(1)
    }

    /** Waits for a ready key or a wake-up, at most [timeout] milliseconds; 0 means without limit. */
    fun select(timeout: Long) {
        count = 0
        if (SELECT != null) {
            arguments[1] = boxed(timeout)
            return invoke(SELECT, arguments)
        }
        selector.select(timeout)
        takeSelected()
    }

    /** Finds the keys that are ready now. */
    fun selectNow() {
        count = 0
        if (SELECT_NOW != null) return invoke(SELECT_NOW, noTimeout)
        selector.selectNow()
        takeSelected()
    }

    private fun invoke(method: Method, arguments: Array<Any>) {
        try {
            CALL(method, selector, arguments)
        } catch (failure: InvocationTargetException) {
            throw failure.targetException
        }
    }

    private fun takeSelected() {
        selector.selectedKeys().forEach(::add)
        selector.selectedKeys().clear()
    }

    /**
     * Moves all channels to a new selector, gives each [ReadyHandler] its new key, and closes the old
     * selector, which closes the channels that it has dropped. If this fails, the old selector stays
     * in use.
     */
    fun renew() {
        val old = selector
        val new = open()
        val keys: Iterator<SelectionKey>
        try {
            for (key in old.keys()) watch(key, new)
            keys = new.keys().iterator()
        } catch (failure: Throwable) {
            new.close()
            throw failure
        }
        selector = new
        for (key in keys) (key.attachment() as ReadyHandler).key = key
        old.close()
    }

    private fun watch(key: SelectionKey, selector: Selector) {
        val channel = key.channel()
        // A key is cancelled only to close its channel.
        if (!key.isValid) return channel.close()
        try {
            channel.register(selector, key.interestOps(), key.attachment())
        } catch (_: ClosedChannelException) {
            // The old selector deregisters the channel when it is closed.
        } catch (_: CancelledKeyException) {
            // Another thread has closed the channel meanwhile.
        }
    }

    private fun add(key: SelectionKey) {
        if (count == keys.size && !grow()) return
        keys[count++] = key
    }

    /** Without memory the other keys wait for the next call: a key that is not served stays ready. */
    private fun grow(): Boolean = try {
        keys = keys.copyOf(2 * count)
        true
    } catch (_: OutOfMemoryError) {
        false
    }

    /** Passes each ready key to [serve], once. */
    inline fun drain(serve: (SelectionKey) -> Unit) {
        for (index in 0 until count) {
            val key = keys[index]!!
            keys[index] = null
            serve(key)
        }
        count = 0
    }

    private companion object {
        /** The most keys that a selector on Linux names at once. */
        const val AT_ONCE = 1024
        const val CALLS_UNTIL_COMPILED = 20
        val SELECT = method("select", Consumer::class.java, Long::class.javaPrimitiveType)
        val SELECT_NOW = method("selectNow", Consumer::class.java)

        /** A function reference, because a direct call copies an array that it passes as `vararg`. */
        val CALL: (Method, Any?, Array<out Any?>) -> Any? = Method::invoke

        /** Boxed timeouts in milliseconds: each one up to a second, then powers of two. */
        private const val EACH = 1024
        private val SHORT: Array<Any> = Array(EACH) { it.toLong() }
        private val LONG: Array<Any> = Array(Long.SIZE_BITS - 1) { 1L shl it }

        /** The longest boxed timeout up to [timeout]. A loop that wakes early just sleeps again. */
        fun boxed(timeout: Long): Any =
            if (timeout < EACH) SHORT[timeout.toInt()] else LONG[highestBit(timeout)]

        private fun highestBit(number: Long) =
            Long.SIZE_BITS - 1 - java.lang.Long.numberOfLeadingZeros(number)

        fun method(name: String, vararg parameters: Class<*>?): Method? = try {
            Selector::class.java.getMethod(name, *parameters)
        } catch (_: NoSuchMethodException) {
            null
        }
    }
}

/**
 * Lets Ktor accept and connect sockets with the selector of [loop]. Reading and writing do not come
 * here: [SocketTransport] uses the channel itself. Thread-safe.
 */
@OptIn(InternalAPI::class)
internal class LoopSelectorManager(private val loop: EventLoop) : SelectorManager {
    override val coroutineContext: CoroutineContext get() = loop.dispatcher

    override val provider: SelectorProvider get() = loop.selector.provider()

    override suspend fun select(selectable: Selectable, interest: SelectInterest) {
        suspendCancellableCoroutine { continuation ->
            selectable.suspensions.addSuspension(interest, continuation)
            // A suspension that stays would make the next select for this interest throw.
            try {
                continuation.invokeOnCancellation {
                    selectable.suspensions.removeSuspension(interest)
                }
                if (loop.isCurrent) watch(selectable) else loop.execute { watch(selectable) }
            } catch (failure: Throwable) {
                selectable.suspensions.removeSuspension(interest)
                throw failure
            }
        }
    }

    private fun watch(selectable: Selectable) {
        try {
            val key = selectable.channel.keyFor(loop.selector)
            if (key != null) {
                key.interestOps(selectable.interestedOps)
            } else {
                val waiting = Waiting(selectable)
                waiting.key = loop.register(selectable.channel, selectable.interestedOps, waiting)
            }
        } catch (failure: Throwable) {
            // Closed or cancelled meanwhile, or no memory: the waiting coroutine must resume anyway.
            loop.releaseReserve(failure)
            fail(selectable, failure)
        }
    }

    override fun notifyClosed(selectable: Selectable) {
        fail(selectable, ClosedChannelException())
    }

    private fun fail(selectable: Selectable, cause: Throwable) {
        selectable.suspensions.invokeForEachPresent { _ -> resumeWithException(cause) }
    }

    /** Does nothing: the loop ends with its group. */
    override fun close(): Unit = Unit

    private inner class Waiting(private val selectable: Selectable) : ReadyHandler {
        override lateinit var key: SelectionKey

        override fun onReady(ops: Int) {
            try {
                key.interestOps(key.interestOps() and ops.inv())
            } finally {
                // interestOps may lack memory; the waiting coroutine must resume anyway.
                selectable.suspensions.invokeForEachPresent(ops) { resume(Unit) }
            }
        }

        override fun onTurnEnd(): Unit = Unit

        override fun onLoopStopped() {
            selectable.channel.close()
            fail(selectable, ClosedChannelException())
        }
    }
}
