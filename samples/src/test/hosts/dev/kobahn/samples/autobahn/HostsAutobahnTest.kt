package dev.kobahn.samples.autobahn

import dev.kobahn.Route
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.hosting.hostedServer
import dev.kobahn.ktor.kobahn
import dev.kobahn.servlet.KobahnServlet
import io.kotest.core.spec.style.FunSpec
import io.ktor.server.application.Application
import io.ktor.server.cio.CIO
import io.ktor.server.engine.EmbeddedServer
import io.ktor.server.engine.embeddedServer
import io.ktor.server.netty.Netty
import io.ktor.server.routing.routing
import java.nio.file.Files
import org.apache.catalina.startup.Tomcat
import org.eclipse.jetty.ee10.servlet.ServletContextHandler
import org.eclipse.jetty.server.Server
import org.eclipse.jetty.server.ServerConnector

/**
 * The fuzzing client of the Autobahn test suite against Kobahn in the servers of other people. Built and run by
 * the profile `autobahn` alone, see [AutobahnTest]; the verdicts are those of our own server.
 */
class HostsAutobahnTest :
    FunSpec({
        for ((name, start) in HOSTS) {
            test("Kobahn in $name behaves as expected in every case of the fuzzing client") {
                judge("server", subject = name) { suite ->
                    val (port, stop) = start()
                    try {
                        suite.fuzzingClient("ws://127.0.0.1:$port/").use { it.await(TIMEOUT) }
                    } finally {
                        stop()
                    }
                }
            }
        }
    })

/** A port that listens, and the end of it. */
private typealias Started = Pair<Int, () -> Unit>

private val HOSTS: Map<String, suspend () -> Started> = mapOf(
    "ktor-cio" to { started(embeddedServer(CIO, 0, "127.0.0.1", module = Application::echo)) },
    "ktor-netty" to { started(embeddedServer(Netty, 0, "127.0.0.1", module = Application::echo)) },
    "jetty" to { jetty() },
    "tomcat" to { tomcat() },
)

private suspend fun started(server: EmbeddedServer<*, *>): Started {
    server.startSuspend(wait = false)
    return server.engine.resolvedConnectors().first().port to { server.stop(0, 0) }
}

private fun Application.echo() {
    routing { kobahn("/") { echo() } }
}

/** The limits of the sample `echo`, which the largest cases need. */
private fun Route.echo() {
    maxMessagePayloadSize = MAX_MESSAGE
    onConnect { for (message in incoming) send(message) }
}

private fun servlet() = KobahnServlet(
    hostedServer {
        maxMessagePayloadSize = MAX_MESSAGE
        onConnect { for (message in incoming) send(message) }
    },
)

private fun jetty(): Started {
    val server = Server()
    val connector = ServerConnector(server).apply { host = "127.0.0.1" }
    server.addConnector(connector)
    server.handler = ServletContextHandler().apply { addServlet(servlet(), "/*") }
    server.start()
    return connector.localPort to { server.stop() }
}

private fun tomcat(): Started {
    val directory = Files.createTempDirectory("kobahn-tomcat").toFile()
    val tomcat = Tomcat()
    tomcat.setBaseDir(directory.path)
    tomcat.setPort(0)
    tomcat.connector.setProperty("address", "127.0.0.1")
    val context = tomcat.addContext("", directory.path)
    Tomcat.addServlet(context, "kobahn", servlet()).addMapping("/*")
    tomcat.start()
    val stop = {
        tomcat.stop()
        tomcat.destroy()
        check(directory.deleteRecursively()) { "$directory could not be deleted" }
    }
    return tomcat.connector.localPort to stop
}

private const val MAX_MESSAGE = 32L shl 20
