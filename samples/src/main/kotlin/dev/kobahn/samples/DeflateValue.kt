package dev.kobahn.samples

import dev.kobahn.protocol.extension.PerMessageDeflate
import java.lang.reflect.InvocationTargetException
import kotlin.reflect.KParameter
import kotlin.reflect.full.primaryConstructor

/** How permessage-deflate is written on a command line: `serverMaxWindowBits=10;threshold=0`. */
internal object DeflateValue {
    private val create = checkNotNull(PerMessageDeflate::class.primaryConstructor)
    private val wishes: Map<String, KParameter> = create.parameters.associateBy { it.name!! }

    /** For options of this type. */
    val value = OptionValue("true|false|name=value;..., see PerMessageDeflate", ::parse)

    private fun parse(text: String): PerMessageDeflate? = when (text) {
        "true" -> PerMessageDeflate()
        "false" -> null
        else -> wished(text.split(';').map { it.trim() })
    }

    /** Each of [assignments] is `name=value`, or the name alone of what is to be true. */
    private fun wished(assignments: List<String>): PerMessageDeflate {
        val values = assignments.associate { assignment ->
            val name = assignment.substringBefore('=').trim()
            val wish = requireNotNull(wishes[name]) {
                "there is no \"$name\"; there are ${wishes.keys.joinToString()}"
            }
            val form = checkNotNull(OptionValue.of(wish.type))
            wish to form.parse(assignment.substringAfter('=', "true").trim())
        }
        return try {
            create.callBy(values)
        } catch (refused: InvocationTargetException) {
            throw refused.targetException
        }
    }
}
