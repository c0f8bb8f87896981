package dev.kobahn.internal.transport

import java.lang.reflect.InvocationTargetException
import java.lang.reflect.Method
import java.nio.channels.CancelledKeyException
import java.nio.channels.ClosedChannelException
import java.nio.channels.SelectionKey
import java.nio.channels.Selector
import java.util.function.Consumer

/**
 * Waits with a [selector] and keeps the keys that are ready until they are served. Belongs to the
 * loop.
 *
 * Since Java 11 a selector can name the keys one by one. The set that they get into else costs an
 * object for each of them and every time. With that nothing is allocated here: a loop that runs out
 * of memory still learns which of its peers have gone.
 *
 * The selector itself does need memory to watch a channel and to forget one. What it has no memory
 * for it drops: such a channel is never reported again, or never closed. Hence [renew].
 */
internal class LoopSelector(private val open: () -> Selector) {
    /** What it waits with now. From any thread. */
    @Volatile
    var selector: Selector = open()
        private set

    private var keys = arrayOfNulls<SelectionKey>(AT_ONCE)
    private var count = 0
    private val keep = Consumer<SelectionKey>(::add)
    private val arguments = arrayOf<Any>(keep, 0L)
    private val noTimeout = arrayOf<Any>(keep)

    init {
        // Reflection makes a class of its own for a method that is called often: not when memory is short.
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

    /** Waits for a key, a wake-up, or at most [timeout] milliseconds, where 0 is for ever. */
    fun select(timeout: Long) {
        count = 0
        if (SELECT != null) {
            arguments[1] = boxed(timeout)
            return invoke(SELECT, arguments)
        }
        selector.select(timeout)
        takeSelected()
    }

    /** Does not wait. */
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
     * Has a new selector watch all channels, and closes the old one, which closes what that has
     * dropped. Each [ReadyHandler] gets its new key. If this fails the old selector is still in use.
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
        // Only who closes a channel cancels its key.
        if (!key.isValid) return channel.close()
        try {
            channel.register(selector, key.interestOps(), key.attachment())
        } catch (_: ClosedChannelException) {
            // The close of the old selector does the rest.
        } catch (_: CancelledKeyException) {
            // Closed by another thread meanwhile.
        }
    }

    private fun add(key: SelectionKey) {
        if (count == keys.size && !grow()) return
        keys[count++] = key
    }

    /** Without memory the rest is left to the next time: a key that is not served stays ready. */
    private fun grow(): Boolean = try {
        keys = keys.copyOf(2 * count)
        true
    } catch (_: OutOfMemoryError) {
        false
    }

    /** Hands every key that is ready to [serve], once. */
    inline fun drain(serve: (SelectionKey) -> Unit) {
        for (index in 0 until count) {
            val key = keys[index]!!
            keys[index] = null
            serve(key)
        }
        count = 0
    }

    private companion object {
        /** As many as a selector of Linux names at once. */
        const val AT_ONCE = 1024
        const val CALLS_UNTIL_COMPILED = 20
        val SELECT = method("select", Consumer::class.java, Long::class.javaPrimitiveType)
        val SELECT_NOW = method("selectNow", Consumer::class.java)

        /** A reference, for a call with an array for `vararg` copies it. */
        val CALL: (Method, Any?, Array<out Any?>) -> Any? = Method::invoke

        /** The milliseconds to wait, up to a second each, then in powers of two. */
        private const val EACH = 1024
        private val SHORT: Array<Any> = Array(EACH) { it.toLong() }
        private val LONG: Array<Any> = Array(Long.SIZE_BITS - 1) { 1L shl it }

        /** The longest not above [timeout]: who wakes early looks, and sleeps again. */
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
