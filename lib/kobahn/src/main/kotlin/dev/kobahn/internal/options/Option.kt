package dev.kobahn.internal.options

import dev.kobahn.WebSocketOptions
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.isFieldValue
import dev.kobahn.protocol.handshake.protectedField
import kotlin.properties.ReadWriteProperty
import kotlin.reflect.KProperty
import kotlin.time.Duration

/**
 * An option: checked when it is set, so that the error points at the line that is wrong, and fixed
 * once what it configures has started.
 *
 * @param value what it is until it is set
 * @param range what a value must be, as the error says it
 */
internal class Option<T>(
    private val value: T,
    private val range: String,
    private val isAllowed: (T) -> Boolean,
) : ReadWriteProperty<WebSocketOptions, T> {
    override fun getValue(thisRef: WebSocketOptions, property: KProperty<*>): T =
        thisRef.values.get(property.name, value)

    override fun setValue(thisRef: WebSocketOptions, property: KProperty<*>, value: T) {
        check(!thisRef.isFrozen) { "${property.name} cannot be changed any more" }
        require(isAllowed(value)) { "${property.name} is $value, must be $range" }
        // a list that its owner changes later would pass by both
        thisRef.values[property.name] = if (value is List<*>) value.toList() else value
    }
}

internal fun <T> option(value: T): Option<T> = Option(value, "any") { true }

internal fun <T> option(value: T, range: String, isAllowed: (T) -> Boolean): Option<T> =
    Option(value, range, isAllowed)

/** An option in octets, where 0 means no limit. */
internal fun sizeOption(value: Long): Option<Long> =
    Option(value, "0 (no limit) or more") { it >= 0 }

/** An option that is a time, where zero means none. */
internal fun timeOption(value: Duration): Option<Duration> =
    Option(value, "0 (no limit) or more") { it >= Duration.ZERO }

/** An option that has to be above zero. */
internal fun positiveOption(value: Int): Option<Int> = Option(value, "1 or more") { it >= 1 }

/** An option of further header fields, which must leave the handshake's own alone. */
internal fun headersOption(): Option<Headers> =
    Option(Headers.EMPTY, "without the fields of the opening handshake") {
        protectedField(it) == null
    }

/** An option that is the value of a header field, where null leaves the field out. */
internal fun fieldOption(value: String?): Option<String?> =
    Option(value, "ISO-8859-1 without control characters") { it == null || isFieldValue(it) }
