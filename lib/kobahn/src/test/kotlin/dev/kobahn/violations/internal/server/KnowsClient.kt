package dev.kobahn.violations.internal.server

import dev.kobahn.violations.internal.client.KnowsServer
import java.nio.channels.SocketChannel
import javax.net.ssl.SSLEngine

internal class KnowsClient(val client: KnowsServer?)

internal class KnowsTls(val engine: SSLEngine)

internal class KnowsChannels(val channel: SocketChannel)
