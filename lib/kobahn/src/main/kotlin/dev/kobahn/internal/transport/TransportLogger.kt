package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.loggerNamed
import io.github.oshai.kotlinlogging.KLogger

/** The logger of event loops and sockets. */
internal val logger: KLogger by lazy { loggerNamed("dev.kobahn.transport") }
