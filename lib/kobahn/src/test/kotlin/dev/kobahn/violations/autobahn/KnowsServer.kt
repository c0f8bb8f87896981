package dev.kobahn.violations.autobahn

import dev.kobahn.violations.internal.server.KnowsTls

internal class KnowsServer(val server: KnowsTls)
