package dev.kobahn.violations.internal.client

import dev.kobahn.violations.internal.server.KnowsClient

internal class KnowsServer(val server: KnowsClient?)
