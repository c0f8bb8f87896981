package dev.kobahn.samples

import dev.kobahn.protocol.extension.PerMessageDeflate
import dev.kobahn.protocol.extension.PerMessageDeflateOptions
import java.lang.reflect.InvocationTargetException
import kotlin.reflect.KMutableProperty1
import kotlin.reflect.KVisibility
import kotlin.reflect.full.memberProperties

/** The form of permessage-deflate on a command line: `serverMaxWindowBits=10;threshold=0`. */
internal object DeflateValue {
    private val properties: Map<String, KMutableProperty1<PerMessageDeflateOptions, Any?>> =
        PerMessageDeflateOptions::class.memberProperties
            .filterIsInstance<KMutableProperty1<PerMessageDeflateOptions, Any?>>()
            .filter { it.setter.visibility == KVisibility.PUBLIC }
            .associateBy { it.name }
            .toSortedMap()

    /** For options of this type. */
    val value = OptionValue("true|false|name=value;..., see PerMessageDeflateOptions", ::parse)

    private fun parse(text: String): PerMessageDeflate? = when (text) {
        "true" -> PerMessageDeflate()

        "false" -> null

        else -> PerMessageDeflate {
            text.split(';').forEach { set(this, it.trim()) }
        }
    }

    /** Sets an option from `name=value`, or to true from the name alone. */
    private fun set(options: PerMessageDeflateOptions, assignment: String) {
        val name = assignment.substringBefore('=').trim()
        val property = requireNotNull(properties[name]) {
            "there is no \"$name\"; there are ${properties.keys.joinToString()}"
        }
        val form = checkNotNull(OptionValue.of(property.returnType))
        try {
            property.setter.call(options, form.parse(assignment.substringAfter('=', "true").trim()))
        } catch (refused: InvocationTargetException) {
            throw refused.targetException
        }
    }
}
