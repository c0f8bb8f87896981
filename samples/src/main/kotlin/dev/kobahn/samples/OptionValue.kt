package dev.kobahn.samples

import dev.kobahn.protocol.extension.PerMessageDeflate
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.headersOf
import kotlin.reflect.KType
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers

/** The form of the values of one type on a command line. */
internal class OptionValue(
    /** The description of a value, for help and errors. */
    val form: String,
    private val read: (String) -> Any?,
) {
    /** The value that [text] says. IllegalArgumentException if it says none. */
    fun parse(text: String): Any? = read(text)

    companion object {
        private val SIZE = Regex("(\\d+)\\s*(KiB|MiB|GiB|)")
        private val SHIFTS = mapOf("" to 0, "KiB" to 10, "MiB" to 20, "GiB" to 30)
        private const val COMMA = ','

        /** How values of [type] are written, or null if they cannot be, as those of callbacks. */
        fun of(type: KType): OptionValue? {
            val value = when (type.classifier) {
                Boolean::class -> OptionValue("true|false", ::boolean)
                Int::class -> OptionValue("number", ::int)
                Long::class -> OptionValue("number[KiB|MiB|GiB]", ::long)
                Duration::class -> OptionValue("time, 10s or 500ms", ::duration)
                String::class -> OptionValue("text") { it }
                Headers::class -> OptionValue("Name: value", ::header)
                CoroutineDispatcher::class -> OptionValue("default|io", ::dispatcher)
                PerMessageDeflate::class -> DeflateValue.value
                List::class -> type.arguments.single().type?.let(::of)?.let(::listOf)
                else -> null
            }
            return if (type.isMarkedNullable) value?.orNothing() else value
        }

        private fun listOf(item: OptionValue) = OptionValue("${item.form},...") { text ->
            if (text.isEmpty()) emptyList() else text.split(COMMA).map { item.parse(it.trim()) }
        }

        private fun OptionValue.orNothing() =
            OptionValue("[$form]") { if (it.isEmpty()) null else parse(it) }

        private fun boolean(text: String) =
            requireNotNull(text.toBooleanStrictOrNull()) { "\"$text\" is neither true nor false" }

        private fun int(text: String) = long(text).also {
            require(it in Int.MIN_VALUE..Int.MAX_VALUE) { "\"$text\" is too large" }
        }.toInt()

        private fun long(text: String): Long {
            val (digits, unit) = requireNotNull(SIZE.matchEntire(text)) {
                "\"$text\" is not a number, such as 65536, 64KiB, 1MiB or 2GiB"
            }.destructured
            val number = requireNotNull(digits.toLongOrNull()) { "\"$text\" is too large" }
            val shift = SHIFTS.getValue(unit)
            require(number <= Long.MAX_VALUE shr shift) { "\"$text\" is too large" }
            return number shl shift
        }

        private fun duration(text: String) = requireNotNull(Duration.parseOrNull(text)) {
            "\"$text\" is not a time, such as 10s, 500ms or 1m 30s"
        }

        private fun dispatcher(text: String) = when (text) {
            "default" -> Dispatchers.Default
            "io" -> Dispatchers.IO
            else -> throw IllegalArgumentException("\"$text\" is neither default nor io")
        }

        /** The header field that [text] says, as `Name: value`. */
        fun header(text: String): Headers {
            val colon = text.indexOf(':')
            require(colon > 0) { "\"$text\" is not a header, such as X-Name: value" }
            return headersOf(text.substring(0, colon) to text.substring(colon + 1))
        }
    }
}
