package dev.kobahn.benchmarks

import java.io.File

/** A program that can be measured. */
sealed class Peer(val name: String, val about: String) {
    /** Why it cannot run here, or null if it can. */
    open val missing: String? get() = null

    /** Which version would run. */
    abstract val version: String

    /** Whether it has what [scenario] asks for. */
    open fun canDo(scenario: Scenario): Boolean =
        scenario !is Scenario.Client && scenario.loops == 1 && !scenario.tls

    /** A peer in a JVM; [className] is one of its classes, which tells its version. */
    class Jvm(name: String, about: String, private val className: String) : Peer(name, about) {
        override val version: String
            get() {
                val type = Class.forName(className, false, javaClass.classLoader)
                val source = type.protectionDomain.codeSource
                    ?: return System.getProperty("java.version")
                val jar = source.location?.path.orEmpty()
                return VERSION.find(jar)?.groupValues?.get(1) ?: "of this build"
            }

        override fun canDo(scenario: Scenario): Boolean = when {
            scenario is Scenario.Client -> name in CLIENTS
            scenario.tls -> name in TLS_SERVERS
            name == RAW -> name in SERVERS && canDoRaw(scenario)
            else -> name in SERVERS && name != BORINGSSL
        }

        private fun canDoRaw(scenario: Scenario) =
            scenario !is Scenario.Broadcast && !(scenario is Scenario.Echo && scenario.compressed)
    }

    /** A server that is a script in another language, [resource], run by [interpreter]. */
    class Script(
        name: String,
        about: String,
        val interpreter: String,
        val resource: String,
        private vararg val versionCommand: String,
    ) : Peer(name, about) {
        private val probe by lazy { run(listOf(interpreter) + versionCommand) }

        override val version: String get() = probe.second.trim()

        override val missing: String?
            get() = if (probe.first == 0) null else "$interpreter does not find it"
    }

    companion object {
        const val RAW = "raw"
        const val KOBAHN = "kobahn"
        private const val BORINGSSL = "netty-boringssl"
        private const val DEBIAN_PYTHON = "/usr/bin/python3"
        private const val NETTY = "io.netty.handler.codec.http.websocketx.WebSocketFrame"
        private const val SERVER = "dev.kobahn.WebSocketServer"
        private val VERSION = Regex("-(\\d[^/]*)\\.jar$")
        private val TLS_SERVERS = setOf(
            KOBAHN,
            "kobahn-default",
            "netty-nio",
            BORINGSSL,
            "vertx",
            "undertow",
            "jetty",
        )
        private val SERVERS = dev.kobahn.benchmarks.servers.PEER_SERVERS.keys
        private val CLIENTS = dev.kobahn.benchmarks.clients.PEER_CLIENTS.keys

        val ALL: List<Peer> = listOf(
            Jvm(KOBAHN, "Kobahn, handlers on the event loop; and its client", SERVER),
            Jvm("kobahn-default", "Kobahn, handlers on Dispatchers.Default", SERVER),
            Jvm(RAW, "NIO without WebSocket: sends bytes back as they are", "java.lang.String"),
            Jvm("netty-nio", "Netty with NIO", NETTY),
            Jvm("netty-epoll", "Netty with epoll", NETTY),
            Jvm(BORINGSSL, "Netty with NIO and BoringSSL, for TLS", NETTY),
            Jvm("vertx", "Vert.x", "io.vertx.core.Vertx"),
            Jvm("undertow", "Undertow", "io.undertow.Undertow"),
            Jvm("jetty", "Jetty", "org.eclipse.jetty.server.Server"),
            Jvm("java-websocket", "Java-WebSocket, both ends", "org.java_websocket.WebSocket"),
            Jvm("ktor-cio", "Ktor's CIO, both ends", "io.ktor.server.cio.CIO"),
            Jvm("okhttp", "OkHttp, a client", "okhttp3.OkHttpClient"),
            Jvm("jdk", "java.net.http, a client", "java.net.http.HttpClient"),
            Script(
                "autobahn-python",
                "Autobahn|Python on asyncio",
                // Debian's, where its package stands; not that of a pyenv
                DEBIAN_PYTHON.takeIf { File(it).exists() } ?: "python3",
                "autobahn_server.py",
                "-c",
                "import autobahn; print(autobahn.__version__)",
            ),
            Script(
                "ws",
                "ws of npm on Node.js (NODE_PATH leads to it)",
                "node",
                "ws_server.js",
                "-p",
                "require('ws/package.json').version",
            ),
        )

        private fun run(command: List<String>): Pair<Int, String> = try {
            val discard = ProcessBuilder.Redirect.DISCARD
            val process = ProcessBuilder(command).redirectError(discard).start()
            val text = process.inputStream.bufferedReader().readText()
            process.waitFor() to text
        } catch (e: java.io.IOException) {
            -1 to e.message.orEmpty()
        }
    }
}
