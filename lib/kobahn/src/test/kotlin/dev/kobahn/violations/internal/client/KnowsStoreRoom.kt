package dev.kobahn.violations.internal.client

import dev.kobahn.violations.autobahn.KnowsServer

internal class KnowsStoreRoom(val room: KnowsServer)
