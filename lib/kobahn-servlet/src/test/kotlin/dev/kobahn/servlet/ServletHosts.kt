package dev.kobahn.servlet

import dev.kobahn.ServerConnectionOptions
import dev.kobahn.ServerWebSocket
import dev.kobahn.hosting.Host
import dev.kobahn.hosting.HostStarter
import dev.kobahn.hosting.HostedServer
import dev.kobahn.hosting.hostedServer
import jakarta.servlet.http.HttpServlet
import java.nio.file.Files
import org.apache.catalina.connector.Connector
import org.apache.catalina.startup.Tomcat
import org.eclipse.jetty.ee10.servlet.ServletContextHandler
import org.eclipse.jetty.server.Server
import org.eclipse.jetty.server.ServerConnector

/** A servlet container that listens on a free port. */
internal class ServletHost(
    private val server: HostedServer,
    override val port: Int,
    private val end: () -> Unit,
) : Host {
    override val connections: Int get() = server.connectionCount

    override suspend fun stop() = server.stop()

    override suspend fun close() = end()

    companion object {
        /** Starts hosts with [container]. */
        fun starter(container: (HttpServlet) -> Pair<Int, () -> Unit>) =
            HostStarter { options, handler ->
                val server = server(options, handler)
                val (port, end) = container(KobahnServlet(server))
                ServletHost(server, port, end)
            }

        private fun server(
            options: ServerConnectionOptions.() -> Unit,
            handler: suspend ServerWebSocket.() -> Unit,
        ) = hostedServer {
            options()
            route("/ws/{name}") { onConnect(handler) }
        }
    }
}

/** Starts Jetty with [servlet] for all paths. Returns its port and its end. */
internal fun jetty(servlet: HttpServlet): Pair<Int, () -> Unit> {
    val server = Server()
    val connector = ServerConnector(server).apply { host = "127.0.0.1" }
    server.addConnector(connector)
    server.handler = ServletContextHandler().apply { addServlet(servlet, "/*") }
    server.start()
    return connector.localPort to { server.stop() }
}

/** Starts Tomcat with [servlet] for all paths. Returns its port and its end. */
internal fun tomcat(servlet: HttpServlet): Pair<Int, () -> Unit> = tomcat(servlet) { }

/** Starts Tomcat with [servlet] for all paths and a connector as [configure] says. */
internal fun tomcat(servlet: HttpServlet, configure: Connector.() -> Unit): Pair<Int, () -> Unit> {
    val directory = Files.createTempDirectory("kobahn-tomcat").toFile()
    val tomcat = Tomcat()
    tomcat.setBaseDir(directory.path)
    tomcat.setPort(0)
    tomcat.connector.setProperty("address", "127.0.0.1")
    tomcat.connector.configure()
    val context = tomcat.addContext("", directory.path)
    Tomcat.addServlet(context, "kobahn", servlet).addMapping("/*")
    tomcat.start()
    val end = {
        tomcat.stop()
        tomcat.destroy()
        check(directory.deleteRecursively()) { "$directory could not be deleted" }
    }
    return tomcat.connector.localPort to end
}
