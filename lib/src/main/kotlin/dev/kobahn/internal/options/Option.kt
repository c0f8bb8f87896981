package dev.kobahn.internal.options

import dev.kobahn.WebSocketOptions
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.protectedField
import kotlin.properties.ReadWriteProperty
import kotlin.reflect.KProperty
import kotlin.time.Duration

/**
 * An option: checked when it is set, so that the error points at the line that is wrong, and fixed
 * once what it configures has started.
 *
 * @param range what a value must be, as the error says it
 */
internal class Option<T>(
    private var value: T,
    private val range: String,
    private val isAllowed: (T) -> Boolean,
) : ReadWriteProperty<WebSocketOptions, T> {
    /** Whether it was set, be it to what it was. */
    var isSet = false
        private set

    override fun getValue(thisRef: WebSocketOptions, property: KProperty<*>): T = value

    override fun setValue(thisRef: WebSocketOptions, property: KProperty<*>, value: T) {
        check(!thisRef.isFrozen) { "${property.name} cannot be changed any more" }
        require(isAllowed(value)) { "${property.name} is $value, must be $range" }
        this.value = value
        isSet = true
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
