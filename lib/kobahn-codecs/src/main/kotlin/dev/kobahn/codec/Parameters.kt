package dev.kobahn.codec

import dev.kobahn.protocol.extension.ExtensionParameter

/** Returns the parameter [name] if [isThere] is true, else null. */
internal fun flag(name: String, isThere: Boolean): ExtensionParameter? =
    if (isThere) ExtensionParameter(name) else null

/** Returns the parameter [name] with [value], or null if the value is 0. */
internal fun number(name: String, value: Int): ExtensionParameter? =
    if (value != 0) ExtensionParameter(name, value.toString()) else null
