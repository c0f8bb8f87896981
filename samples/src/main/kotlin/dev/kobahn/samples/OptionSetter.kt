package dev.kobahn.samples

import com.github.ajalt.clikt.core.UsageError
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.WebSocketOptions
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.protocol.handshake.Headers
import java.lang.reflect.InvocationTargetException
import kotlin.reflect.KClass
import kotlin.reflect.KMutableProperty1
import kotlin.reflect.KVisibility
import kotlin.reflect.full.memberProperties

/**
 * Sets options of the library by name, from `--option name=value`. Finds them by reflection, so
 * that a new option of the library needs no code here.
 */
internal class OptionSetter<T : WebSocketOptions> private constructor(type: KClass<T>) {
    private class Entry<T>(val property: KMutableProperty1<T, Any?>, val value: OptionValue)

    private val entries: Map<String, Entry<T>> = type.memberProperties
        .filterIsInstance<KMutableProperty1<T, Any?>>()
        .filter { it.setter.visibility == KVisibility.PUBLIC }
        .mapNotNull { property -> OptionValue.of(property.returnType)?.let { Entry(property, it) } }
        .associateBy { it.property.name }
        .toSortedMap()

    /** The names that can be set. */
    val names: Set<String> get() = entries.keys

    /** All names with the form of their values, one per line. */
    val description: String
        get() = entries.values.joinToString("\n") { "  ${it.property.name}=${it.value.form}" }

    /** Sets the [assignments], each `name=value`, in [options]. A wrong one throws [UsageError]. */
    fun setAll(options: T, assignments: List<String>) = assignments.forEach { set(options, it) }

    private fun set(options: T, assignment: String) {
        val name = assignment.substringBefore('=').trim()
        if ('=' !in assignment) throw usage("\"$assignment\" is not of the form name=value")
        val entry = entries[name]
            ?: throw usage("there is no option \"$name\"; there are\n$description")
        try {
            val value = entry.value.parse(assignment.substringAfter('=').trim())
            entry.property.setter.call(options, joined(entry.property.get(options), value))
        } catch (failure: IllegalArgumentException) {
            throw usage("$name: ${failure.message}")
        } catch (failure: InvocationTargetException) {
            // the option refuses the value
            val refusal = failure.targetException as? IllegalArgumentException ?: throw failure
            throw usage(refusal.message)
        }
    }

    /** Adds header fields to those set before, because one value cannot have several. */
    private fun joined(old: Any?, value: Any?) =
        if (old is Headers && value is Headers) old + value else value

    private fun usage(message: String?) = UsageError(message.orEmpty(), paramName = "--option")

    companion object {
        /** For servers. */
        val SERVER by lazy { OptionSetter(WebSocketServerOptions::class) }

        /** For clients. */
        val CLIENT by lazy { OptionSetter(WebSocketClientOptions::class) }
    }
}
