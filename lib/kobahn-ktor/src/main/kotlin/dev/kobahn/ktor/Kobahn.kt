package dev.kobahn.ktor

import dev.kobahn.WebSocketServerOptions
import dev.kobahn.hosting.HostedServer
import dev.kobahn.hosting.hostedServer
import io.ktor.server.application.Application
import io.ktor.server.application.ApplicationStopPreparing
import io.ktor.server.application.BaseApplicationPlugin
import io.ktor.server.application.install
import io.ktor.server.application.pluginOrNull
import io.ktor.util.AttributeKey
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Job
import kotlinx.coroutines.runBlocking

/**
 * Kobahn's server in a Ktor application, shared by all its [kobahn] routes. Installing it sets the
 * options that concern all connections together, such as `maxConnections` and `memoryBudget`, and
 * defaults for the routes; the first route installs it with defaults otherwise.
 *
 * ```
 * install(Kobahn) { maxConnections = 10_000 }
 * routing {
 *     kobahn("/echo") { onConnect { for (message in incoming) send(message) } }
 * }
 * ```
 *
 * When the application stops, the connections are closed with 1001. The application waits for them
 * at most five seconds, and no longer than the `shutdownGracePeriod` that it is stopped with: an
 * engine without one drops them.
 */
public object Kobahn : BaseApplicationPlugin<Application, WebSocketServerOptions, HostedServer> {
    override val key: AttributeKey<HostedServer> = AttributeKey("Kobahn")

    override fun install(
        pipeline: Application,
        configure: WebSocketServerOptions.() -> Unit,
    ): HostedServer {
        val server = hostedServer(pipeline.coroutineContext[Job], configure)
        pipeline.monitor.subscribe(ApplicationStopPreparing) {
            runBlocking { server.stop(deadline = STOPPING_TIME) }
        }
        return server
    }

    /** Returns the server of [application], with default options unless it was installed before. */
    internal fun of(application: Application): HostedServer =
        application.pluginOrNull(this) ?: application.install(this)

    private val STOPPING_TIME = 5.seconds
}
