package dev.kobahn.protocol.extension

import dev.kobahn.protocol.HttpGrammar

/**
 * The parameters of one element of `Sec-WebSocket-Extensions`, for a [PerMessageCompression] to
 * read. Each function takes one parameter out. A parameter that occurs twice, or that nobody takes
 * out, is an error. Names are compared without regard to case. Not thread-safe.
 *
 * Every function throws an [ExtensionException] if the parameter does not fit.
 */
public class ExtensionParameters internal constructor(private val header: ExtensionHeader) {
    private val left = LinkedHashMap<String, ExtensionParameter>()

    init {
        for (parameter in header.params) {
            val before = left.put(parameter.name.lowercase(), parameter)
            if (before != null) fail("${parameter.name} is there twice")
        }
    }

    /** Returns whether the parameter [name] exists. It must have no value. */
    public fun flag(name: String): Boolean {
        val parameter = left.remove(name) ?: return false
        if (parameter.value != null) fail("$name must have no value")
        return true
    }

    /** Returns the value of [name], which must be in [range], or 0 without the parameter. */
    public fun number(name: String, range: IntRange): Int {
        val parameter = left.remove(name) ?: return 0
        return number(name, parameter.value, range)
    }

    /**
     * Returns the value of [name], which must be in [range]; 0 if it has no value, null without the
     * parameter.
     */
    public fun optionalNumber(name: String, range: IntRange): Int? {
        val parameter = left.remove(name) ?: return null
        return if (parameter.value == null) 0 else number(name, parameter.value, range)
    }

    /** "1*DIGIT" without leading zeros (RFC 7692 section 7.1.2). */
    private fun number(name: String, text: String?, range: IntRange): Int {
        val number = text?.takeUnless { it.startsWith('0') }
            ?.let { HttpGrammar.decimal(it, range.last) } ?: 0
        if (number !in range) fail("$name must be ${range.first} to ${range.last}")
        return number
    }

    /** Throws if a parameter was not taken out. */
    internal fun end() {
        left.values.firstOrNull()?.let { fail("the parameter ${it.name} is unknown") }
    }

    private fun fail(reason: String): Nothing = throw ExtensionException("${header.name}: $reason")
}

/** Makes the parameter [name] if [isThere], else null. */
internal fun flag(name: String, isThere: Boolean): ExtensionParameter? =
    if (isThere) ExtensionParameter(name) else null

/** Makes the parameter [name] with [value], or null if that is 0. */
internal fun number(name: String, value: Int): ExtensionParameter? =
    if (value != 0) ExtensionParameter(name, value.toString()) else null
