package dev.kobahn.internal.server

import dev.kobahn.WebSocketServerOptions
import dev.kobahn.internal.connection.MemoryTransport
import dev.kobahn.internal.connection.VirtualLoop
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import kotlin.random.Random
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job

class ServerConnectionsTest :
    FunSpec({
        test("those are there that were added and not removed, wherever they stood") {
            val random = Random(1)
            val connections = ServerConnections()
            val model = ArrayList<ServerConnection>()
            repeat(300) {
                if (model.isEmpty() || random.nextInt(5) < 3) {
                    connection().also(connections::add).also(model::add)
                } else {
                    connections.remove(model.removeAt(random.nextInt(model.size)))
                }
                connections.toList() shouldContainExactlyInAnyOrder model
                connections.isEmpty shouldBe model.isEmpty()
            }
        }
    })

private fun connection(): ServerConnection {
    val context = ServerContext(WebSocketServerOptions(), CoroutineScope(Job()))
    return ServerConnection(MemoryTransport.pair(VirtualLoop()).first, context) {}
}
