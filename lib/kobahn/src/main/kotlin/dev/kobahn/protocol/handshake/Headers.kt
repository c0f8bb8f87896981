package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar
import dev.kobahn.protocol.onOneLine
import java.util.AbstractMap.SimpleImmutableEntry

/**
 * The header fields of an HTTP head: immutable, in their order, names compared without regard to
 * case. A name may occur several times; iteration gives every field as it stands, name to value.
 *
 * Names are tokens; values hold ISO-8859-1 characters, no control character but HTAB, and no white
 * space around them. Thus a head made of headers can be neither split nor smuggled into. Whatever
 * adds a field throws [IllegalArgumentException], naming it, when these rules are broken.
 *
 * The controls above ASCII (0x80 to 0x9F) are allowed: UTF-8 is made of such octets too, and RFC 9110
 * section 5.5 has recipients leave them as they are. Who prints a value escapes them, as [toString]
 * does.
 */
public class Headers private constructor(private val fields: Array<String>) :
    Iterable<Map.Entry<String, String>> {
    /** The number of fields; a name that occurs twice counts twice. */
    public val size: Int get() = fields.size / 2

    /** The names in the order and the spelling of their first occurrence. */
    public val names: Set<String>
        get() = map { it.key }.distinctBy { it.lowercase() }.toSet()

    /** The values of [name] joined by a comma and a blank, or null when there is none. */
    public operator fun get(name: String): String? {
        var joined: String? = null
        forEachValue(name) { value -> joined = joined?.let { "$it, $value" } ?: value }
        return joined
    }

    /** The values of [name], one for every field. */
    public fun getAll(name: String): List<String> {
        val values = ArrayList<String>(0)
        forEachValue(name, values::add)
        return values
    }

    /** Whether a field of this [name] is there. */
    public operator fun contains(name: String): Boolean {
        forEachValue(name) { return true }
        return false
    }

    /** How many fields there are of this [name]. */
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

    /** These headers, then the [other] ones. */
    public operator fun plus(other: Headers): Headers = when {
        other.fields.isEmpty() -> this
        fields.isEmpty() -> other
        else -> Headers(fields + other.fields)
    }

    /** These headers with one more field, name to value. */
    @JvmSynthetic
    public operator fun plus(field: Pair<String, String>): Headers = this + headersOf(field)

    override fun iterator(): Iterator<Map.Entry<String, String>> = (0 until fields.size step 2)
        .asSequence().map { SimpleImmutableEntry(fields[it], fields[it + 1]) }.iterator()

    /** Every value under its lower-case name, joined as [get] does. */
    @JvmSynthetic
    internal fun toLowerCaseMap(): Map<String, String?> =
        names.associate { it.lowercase() to get(it) }

    /** Calls [action] with the parts of all lines, in their order. */
    @JvmSynthetic
    internal inline fun forEachPart(action: (String) -> Unit) {
        for (index in fields.indices) {
            action(fields[index])
            action(if (index % 2 == 0) ": " else "\r\n")
        }
    }

    /** Equal are headers with the same values under the same names, but for case, in order. */
    override fun equals(other: Any?): Boolean =
        other is Headers && fields.size == other.fields.size &&
            fields.indices.all { fields[it].equals(other.fields[it], ignoreCase = it % 2 == 0) }

    override fun hashCode(): Int = fields.foldIndexed(1) { index, hash, text ->
        31 * hash + (if (index % 2 == 0) text.lowercase() else text).hashCode()
    }

    /** All fields on one line; what could break or hide it is escaped. */
    override fun toString(): String = map { "${it.key}: ${it.value}" }.toString().onOneLine()

    /** Collects header fields in order. Not thread-safe. */
    public class Builder {
        private val fields = ArrayList<String>()

        /** Adds a field; white space around [value] is taken off. */
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

        /** The headers collected so far. */
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

    /** The headers without any field. */
    public companion object {
        /** No header fields. */
        @JvmField
        public val EMPTY: Headers = Headers(emptyArray())

        /** The headers of [namesAndValues], by turns: what [headersOf] is for Java. */
        @JvmStatic
        public fun of(vararg namesAndValues: String): Headers {
            require(namesAndValues.size % 2 == 0) { "a header name has no value" }
            val builder = Builder()
            for (index in namesAndValues.indices step 2) {
                builder.add(namesAndValues[index], namesAndValues[index + 1])
            }
            return builder.build()
        }

        /** The headers of [fields]: one header line for every value of a name. */
        @JvmStatic
        public fun of(fields: Map<String, Iterable<String>>): Headers = headersOf(fields)
    }
}

/** The headers of these [fields], each a name to its value, in order. */
@JvmSynthetic
public fun headersOf(vararg fields: Pair<String, String>): Headers =
    Headers.Builder().apply { fields.forEach { (name, value) -> add(name, value) } }.build()

/** The headers of these [fields], in the map's order: one header line for every value of a name. */
@JvmSynthetic
public fun headersOf(fields: Map<String, Iterable<String>>): Headers =
    Headers.Builder().apply { fields.forEach { (name, values) -> add(name, values) } }.build()
