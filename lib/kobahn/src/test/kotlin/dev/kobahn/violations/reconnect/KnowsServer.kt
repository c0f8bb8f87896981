package dev.kobahn.violations.reconnect

import dev.kobahn.violations.internal.server.KnowsTls

internal class KnowsServer(val server: KnowsTls)
