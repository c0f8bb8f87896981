package dev.kobahn.internal.transport

import io.github.oshai.kotlinlogging.KLogger
import io.github.oshai.kotlinlogging.KotlinLogging

/** The logger of event loops and sockets. Created when something is logged: its creation may print. */
internal val logger: KLogger by lazy { KotlinLogging.logger("dev.kobahn.transport") }
