package dev.kobahn.internal.connection

import io.github.oshai.kotlinlogging.KLogger
import io.github.oshai.kotlinlogging.KotlinLogging

/** The logger of connections, servers and clients. Created when something is logged: its creation may print. */
internal val connectionLogger: KLogger by lazy { KotlinLogging.logger("dev.kobahn.connection") }
