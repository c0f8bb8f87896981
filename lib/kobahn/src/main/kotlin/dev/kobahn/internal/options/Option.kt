package dev.kobahn.internal.options

import dev.kobahn.WebSocketOptions
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.isFieldValue
import dev.kobahn.protocol.handshake.protectedField
import kotlin.properties.ReadWriteProperty
import kotlin.reflect.KProperty
import kotlin.time.Duration

/**
 * An option that is checked when it is set, so that the error points at the wrong line, and that
 * cannot change once its server or client has started.
 *
 * @param value the default
 * @param range the allowed values, as the error message describes them
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
        // A copy: the caller could change the list later, without the check and after the start.
        thisRef.values[property.name] = if (value is List<*>) value.toList() else value
    }
}

internal fun <T> option(value: T): Option<T> = Option(value, "any") { true }

internal fun <T> option(value: T, range: String, isAllowed: (T) -> Boolean): Option<T> =
    Option(value, range, isAllowed)

/** Returns an option in bytes; 0 means no limit. */
internal fun sizeOption(value: Long): Option<Long> =
    Option(value, "0 (no limit) or more") { it >= 0 }

/** Returns an option that is a duration; zero means no limit. */
internal fun timeOption(value: Duration): Option<Duration> =
    Option(value, "0 (no limit) or more") { it >= Duration.ZERO }

/** Returns an option that must be above zero. */
internal fun positiveOption(value: Int): Option<Int> = Option(value, "1 or more") { it >= 1 }

/** Returns an option that is the size of a buffer in bytes; null keeps the system's default. */
internal fun bufferOption(): Option<Int?> =
    Option(null, "1 or more, or null (the system's default)") { it == null || it >= 1 }

/**
 * Returns an option of additional header fields; the fields of the handshake itself are not
 * allowed.
 */
internal fun headersOption(): Option<Headers> =
    Option(Headers.EMPTY, "without the fields of the opening handshake") {
        protectedField(it) == null
    }

/** Returns an option that is the value of a header field; null leaves the field out. */
internal fun fieldOption(value: String?): Option<String?> =
    Option(value, "ISO-8859-1 without control characters") { it == null || isFieldValue(it) }
