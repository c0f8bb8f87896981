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
 * Sets options of the library by their names, as `--option name=value` gives them. It finds them
 * by reflection, so that every option that can be written as text is there without more ado.
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

    /** Every name with the form of its values, one a line. */
    val description: String
        get() = entries.values.joinToString("\n") { "  ${it.property.name}=${it.value.form}" }

    /** Sets each of [assignments], `name=value`, in [options]. UsageError for one that is wrong. */
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
            // what the option itself has against the value
            val refusal = failure.targetException as? IllegalArgumentException ?: throw failure
            throw usage(refusal.message)
        }
    }

    /** Header fields add up, as several cannot be written in one value. */
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
