package dev.kobahn.violations

import io.github.oshai.kotlinlogging.KotlinLogging

internal class Prints {
    fun print() = println("hello")
}

internal class Announces {
    fun logger() = KotlinLogging.logger("hello")
}
