package dev.kobahn.violations.internal.connection

import dev.kobahn.violations.internal.client.KnowsServer
import dev.kobahn.violations.internal.server.KnowsClient
import dev.kobahn.violations.internal.transport.KnowsBoth
import io.ktor.network.selector.SelectorManager

internal class KnowsClientSide(val client: KnowsServer)

internal class KnowsServerSide(val server: KnowsClient)

internal class KnowsTransport(val transport: KnowsBoth)

internal class KnowsKtor(val selector: SelectorManager)
