package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar
import dev.kobahn.protocol.onOneLine
import java.util.AbstractMap.SimpleImmutableEntry

/**
 * The header fields of an HTTP head: immutable, in order, with names compared without regard to
 * case. A name may occur several times; iteration returns every field as a name with its value.
 *
 * Names are tokens. Values contain ISO-8859-1 characters, no control character except HTAB, and no
 * white space around them. So headers cannot split a head or smuggle in another one. Every function
 * that adds a field throws an [IllegalArgumentException], naming the field, if these rules are
 * broken.
 *
 * The controls above ASCII (0x80 to 0x9F) are allowed: UTF-8 has such bytes too, and RFC 9110
 * section 5.5 tells recipients to leave them as they are. Escape them before printing a value, as
 * [toString] does.
 */
public class Headers private constructor(private val fields: Array<String>) :
    Iterable<Map.Entry<String, String>> {
    /** The number of fields; a name that occurs twice counts twice. */
    public val size: Int get() = fields.size / 2

    /** All names in the order and the spelling of their first occurrence. */
    public val names: Set<String>
        get() = map { it.key }.distinctBy { it.lowercase() }.toSet()

    /** Returns the values of [name] joined by a comma and a space, or null if there is none. */
    public operator fun get(name: String): String? {
        var joined: String? = null
        forEachValue(name) { value -> joined = joined?.let { "$it, $value" } ?: value }
        return joined
    }

    /** Returns the values of [name], one for every field. */
    public fun getAll(name: String): List<String> {
        val values = ArrayList<String>(0)
        forEachValue(name, values::add)
        return values
    }

    /** Whether there is a field with this [name]. */
    public operator fun contains(name: String): Boolean {
        forEachValue(name) { return true }
        return false
    }

    /** Returns the number of fields with this [name]. */
    @JvmSynthetic
    internal fun count(name: String): Int {
        var count = 0
        forEachValue(name) { count++ }
        return count
    }

    private inline fun forEachValue(name: String, action: (String) -> Unit) {
        var index = 0
        while (index < fields.size) {
            if (fields[index].equals(name, ignoreCase = true)) action(fields[index + 1])
            index += 2
        }
    }

    /** Returns these headers followed by the [other] ones. */
    public operator fun plus(other: Headers): Headers = when {
        other.fields.isEmpty() -> this
        fields.isEmpty() -> other
        else -> Headers(fields + other.fields)
    }

    /** Returns these headers with one more field, a name with its value. */
    @JvmSynthetic
    public operator fun plus(field: Pair<String, String>): Headers = this + headersOf(field)

    override fun iterator(): Iterator<Map.Entry<String, String>> = (0 until fields.size step 2)
        .asSequence().map { SimpleImmutableEntry(fields[it], fields[it + 1]) }.iterator()

    /** Returns every value by its lower-case name, joined like in [get]. */
    @JvmSynthetic
    internal fun toLowerCaseMap(): Map<String, String?> =
        names.associate { it.lowercase() to get(it) }

    /** Calls [action] with the parts of all lines, in order. */
    @JvmSynthetic
    internal inline fun forEachPart(action: (String) -> Unit) {
        for (index in fields.indices) {
            action(fields[index])
            action(if (index % 2 == 0) ": " else "\r\n")
        }
    }

    /**
     * Headers are equal if they have the same values under the same names, except for case, in
     * order.
     */
    override fun equals(other: Any?): Boolean =
        other is Headers && fields.size == other.fields.size &&
            fields.indices.all { fields[it].equals(other.fields[it], ignoreCase = it % 2 == 0) }

    override fun hashCode(): Int = fields.foldIndexed(1) { index, hash, text ->
        31 * hash + (if (index % 2 == 0) text.lowercase() else text).hashCode()
    }

    /** Returns all fields on one line, with control characters escaped. */
    override fun toString(): String = map { "${it.key}: ${it.value}" }.toString().onOneLine()

    /** Collects header fields in order. Not thread-safe. */
    public class Builder {
        private val fields = ArrayList<String>()

        /** Adds a field, without the white space around [value]. */
        public fun add(name: String, value: String): Builder = apply {
            val trimmed = HttpGrammar.trim(value)
            require(HttpGrammar.isToken(name)) { "header name is not a token: ${printable(name)}" }
            require(trimmed.all(HttpGrammar::isFieldChar)) {
                "header $name: a value must not hold control characters or any beyond ISO-8859-1"
            }
            addChecked(name, trimmed)
        }

        /** Adds one field for each of [values]. */
        public fun add(name: String, values: Iterable<String>): Builder =
            apply { values.forEach { add(name, it) } }

        /** Adds all fields of [headers]. */
        public fun addAll(headers: Headers): Builder = apply { fields.addAll(headers.fields) }

        /** Returns the headers collected so far. */
        public fun build(): Headers =
            if (fields.isEmpty()) EMPTY else Headers(fields.toTypedArray())

        @get:JvmSynthetic
        internal val size: Int get() = fields.size / 2

        @JvmSynthetic
        internal fun addChecked(name: String, value: String) {
            fields.add(name)
            fields.add(value)
        }

        private fun printable(name: String) =
            String(CharArray(name.length) { name[it].takeIf(HttpGrammar::isTargetChar) ?: '?' })
    }

    /** Makes headers. */
    public companion object {
        /** No header fields. */
        @JvmField
        public val EMPTY: Headers = Headers(emptyArray())

        /** Returns headers from alternating names and values. Java's form of [headersOf]. */
        @JvmStatic
        public fun of(vararg namesAndValues: String): Headers {
            require(namesAndValues.size % 2 == 0) { "a header name has no value" }
            val builder = Builder()
            for (index in namesAndValues.indices step 2) {
                builder.add(namesAndValues[index], namesAndValues[index + 1])
            }
            return builder.build()
        }

        /** Returns headers with one line for every value of a name. */
        @JvmStatic
        public fun of(fields: Map<String, Iterable<String>>): Headers = headersOf(fields)
    }
}

/** Returns headers with these [fields], each a name with its value, in order. */
@JvmSynthetic
public fun headersOf(vararg fields: Pair<String, String>): Headers =
    Headers.Builder().apply { fields.forEach { (name, value) -> add(name, value) } }.build()

/** Returns headers with these [fields], in the map's order: one line for every value of a name. */
@JvmSynthetic
public fun headersOf(fields: Map<String, Iterable<String>>): Headers =
    Headers.Builder().apply { fields.forEach { (name, values) -> add(name, values) } }.build()
