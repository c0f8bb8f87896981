package dev.kobahn.violations.proxy

import dev.kobahn.violations.internal.server.KnowsTls

internal class KnowsServer(val server: KnowsTls)
