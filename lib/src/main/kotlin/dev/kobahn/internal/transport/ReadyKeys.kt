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
 * object for each of them and every time.
 */
internal class ReadyKeys(private val selector: Selector) {
    private val keys = ArrayList<SelectionKey>()
    private val keep = Consumer<SelectionKey> { keys.add(it) }

    /** Waits for a key, a wake-up, or [timeout] milliseconds, where 0 is for ever. */
    fun select(timeout: Long) {
        if (SELECT != null) return rethrowing { SELECT.invoke(selector, keep, timeout) }
        selector.select(timeout)
        takeSelected()
    }

    /** Does not wait. */
    fun selectNow() {
        if (SELECT_NOW != null) return rethrowing { SELECT_NOW.invoke(selector, keep) }
        selector.selectNow()
        takeSelected()
    }

    private inline fun rethrowing(call: () -> Unit) = try {
        call()
    } catch (failure: InvocationTargetException) {
        throw failure.targetException
    }

    private fun takeSelected() {
        keys.addAll(selector.selectedKeys())
        selector.selectedKeys().clear()
    }

    /** Hands every key that is ready to [serve], once. */
    inline fun drain(serve: (SelectionKey) -> Unit) {
        for (index in keys.indices) serve(keys[index])
        keys.clear()
    }

    private companion object {
        val SELECT = method("select", Consumer::class.java, Long::class.javaPrimitiveType)
        val SELECT_NOW = method("selectNow", Consumer::class.java)

        fun method(name: String, vararg parameters: Class<*>?): Method? = try {
            Selector::class.java.getMethod(name, *parameters)
        } catch (_: NoSuchMethodException) {
            null
        }
    }
}
