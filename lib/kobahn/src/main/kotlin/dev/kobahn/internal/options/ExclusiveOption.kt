package dev.kobahn.internal.options

import dev.kobahn.WebSocketOptions
import kotlin.properties.ReadWriteProperty
import kotlin.reflect.KProperty

/**
 * An option that excludes [others], because they express the same choice in another way: only one
 * of them can be set. If a route sets one, it overrides the server's value of all of them.
 *
 * @param nothing the value before the option is set: null or an empty list
 */
internal class ExclusiveOption<T>(nothing: T, private vararg val others: String) :
    ReadWriteProperty<WebSocketOptions, T> {
    private val option = option(nothing)

    override fun getValue(thisRef: WebSocketOptions, property: KProperty<*>): T =
        option.getValue(thisRef, property)

    override fun setValue(thisRef: WebSocketOptions, property: KProperty<*>, value: T) {
        val isSet = isSomething(value)
        if (isSet) {
            val other = others.firstOrNull { isSomething(thisRef.values.own(it)) }
            require(other == null) { "${property.name} and $other exclude each other" }
        }
        option.setValue(thisRef, property, value)
        if (isSet) others.forEach(thisRef.values::hide)
    }

    private fun isSomething(value: Any?) =
        if (value is Collection<*>) value.isNotEmpty() else value != null
}
