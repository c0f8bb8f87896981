package dev.kobahn.internal.transport

import java.lang.reflect.InvocationTargetException
import java.lang.reflect.Method
import java.nio.channels.SelectionKey
import java.nio.channels.Selector
import java.util.function.Consumer

/**
 * Waits with [selector] and keeps the keys that are ready until they are served. Belongs to the
 * loop.
 *
 * Since Java 11 a selector can name the keys one by one. The set that they get into else costs an
 * object for each of them and every time. With that nothing is allocated here: a loop that runs out
 * of memory still learns which of its peers have gone.
 */
internal class ReadyKeys(private val selector: Selector) {
    private var keys = arrayOfNulls<SelectionKey>(AT_ONCE)
    private var count = 0
    private val keep = Consumer<SelectionKey>(::add)
    private val arguments = arrayOf<Any>(keep, 0L)
    private val noTimeout = arrayOf<Any>(keep)

    init {
        // Reflection makes a class of its own for a method that is called often: not when memory is short.
        if (SELECT != null && SELECT_NOW != null) {
            repeat(CALLS_UNTIL_COMPILED) {
                selectNow()
                selector.wakeup()
                select(1)
            }
        }
        count = 0
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
