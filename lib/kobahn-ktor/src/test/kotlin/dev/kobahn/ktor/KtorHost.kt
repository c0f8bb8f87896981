package dev.kobahn.ktor

import dev.kobahn.hosting.Host
import dev.kobahn.hosting.HostStarter
import dev.kobahn.hosting.HostedServer
import io.ktor.server.application.Application
import io.ktor.server.application.plugin
import io.ktor.server.engine.ApplicationEngine
import io.ktor.server.engine.ApplicationEngineFactory
import io.ktor.server.engine.EmbeddedServer
import io.ktor.server.engine.embeddedServer
import io.ktor.server.routing.routing

/** A Ktor server that listens on a free port. */
internal class KtorHost(
    private val engine: EmbeddedServer<*, *>,
    override val port: Int,
    private val server: HostedServer,
) : Host {
    override val connections: Int get() = server.connectionCount

    override suspend fun stop() = server.stop()

    override suspend fun close() = stopApplication(graceMillis = 0)

    /** Stops Ktor, which waits for [graceMillis] before it cancels what runs. */
    suspend fun stopApplication(graceMillis: Long) = engine.stopSuspend(graceMillis, graceMillis)

    companion object {
        /** Starts hosts with [factory]. */
        fun starter(factory: ApplicationEngineFactory<*, *>) = HostStarter { options, handler ->
            start(factory) {
                routing {
                    kobahn("/ws/{name}") {
                        options()
                        onConnect(handler)
                    }
                }
            }
        }

        suspend fun start(
            factory: ApplicationEngineFactory<*, *>,
            module: Application.() -> Unit,
        ): KtorHost {
            val engine = embedded(factory, module)
            engine.startSuspend(wait = false)
            val port = engine.engine.resolvedConnectors().first().port
            return KtorHost(engine, port, engine.application.plugin(Kobahn))
        }

        private fun <E : ApplicationEngine, C : ApplicationEngine.Configuration> embedded(
            factory: ApplicationEngineFactory<E, C>,
            module: Application.() -> Unit,
        ): EmbeddedServer<E, C> =
            embeddedServer(factory, port = 0, host = "127.0.0.1", module = module)
    }
}
