package dev.kobahn.violations.internal.transport

import dev.kobahn.violations.internal.client.KnowsServer
import dev.kobahn.violations.internal.server.KnowsClient

internal class KnowsBoth(val client: KnowsServer, val server: KnowsClient)
