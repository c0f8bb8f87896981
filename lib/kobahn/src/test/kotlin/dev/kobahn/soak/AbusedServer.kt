package dev.kobahn.soak

import dev.kobahn.Message
import dev.kobahn.ServerWebSocket
import dev.kobahn.SlowConsumer
import dev.kobahn.WebSocketGroup
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.asFlow
import dev.kobahn.internal.server.RealWebSocketServer
import dev.kobahn.internal.transport.EventLoopGroup
import dev.kobahn.internal.transport.openSockets
import dev.kobahn.protocol.handshake.HttpResponse
import kotlin.concurrent.thread
import kotlin.system.exitProcess
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking

/** How many connections the abused server takes. */
internal const val ABUSED_MAX_CONNECTIONS = 70

/** The path whose handler first tells the thread it runs on. */
internal const val WHERE = "/where"

/**
 * The server that [AbuseTest] abuses, in a JVM of its own with two loops: tells its port, and its
 * counts for every line of input, and stops at the input's end. It ends by itself after the time
 * given as the only argument, in seconds.
 */
fun main(arguments: Array<String>): Unit = runBlocking {
    endAfter(arguments.single().toLong())
    val groups = listOf(
        WebSocketGroup(SlowConsumer.Suspend),
        WebSocketGroup(SlowConsumer.DropOldest(64L * 1024)),
        WebSocketGroup(SlowConsumer.Disconnect(maxQueueSize = 64L * 1024)),
    )
    val options = WebSocketServerOptions().apply { abused(groups) }
    val server = RealWebSocketServer(options, null, EventLoopGroup("abused-loop", 2))
    server.start()
    println("port ${server.port}")
    while (readlnOrNull() != null) println(counts(server, groups))
    println("stopped in ${measureTime { server.stop(deadline = 5.seconds) }}")
    exitProcess(0)
}

/** Whatever happens, also if no heap is left for anything else. */
private fun endAfter(seconds: Long) {
    thread(isDaemon = true, name = "watchdog") {
        Thread.sleep(seconds * 1000)
        Runtime.getRuntime().halt(3)
    }
}

private fun counts(server: RealWebSocketServer, groups: List<WebSocketGroup>): String {
    repeat(2) { System.gc() }
    val runtime = Runtime.getRuntime()
    // Workers of dispatchers come and go, and the JVM has threads of its own.
    val threads = Thread.getAllStackTraces().keys.count { "abused-loop" in it.name }
    return "connections=${server.connectionCount} children=${server.job.children.count()} " +
        "handlers=${server.handlerCount} members=${groups.sumOf {
            it.size
        }} sockets=${openSockets()} loops=$threads " +
        "heap=${runtime.totalMemory() - runtime.freeMemory()}"
}

private fun WebSocketServerOptions.abused(groups: List<WebSocketGroup>) {
    host = "127.0.0.1"
    maxConnections = ABUSED_MAX_CONNECTIONS
    openHandshakeTimeout = 2.seconds
    closeHandshakeTimeout = 2.seconds
    maxMessagePayloadSize = 4L shl 20
    autoPing {
        interval = 1.seconds
        timeout = 2.seconds
    }
    onRequest { if (it.path == "/page") HttpResponse.text(PAGE) else null }
    route(WHERE) {
        onConnect {
            send(Thread.currentThread().name)
            for (message in incoming) send(message)
        }
    }
    route("/default") {
        handlerDispatcher = Dispatchers.Default
        onConnect { echo() }
    }
    route("/streams") { onConnect { echoStreams() } }
    route("/deflate") {
        perMessageDeflate()
        onConnect { echo() }
    }
    route("/deflate/streams") {
        perMessageDeflate()
        onConnect { echoStreams() }
    }
    route("/never") {
        onConnect {
            accept()
            awaitClosed()
        }
    }
    route("/push") {
        onConnect {
            whileOpen {
                while (true) {
                    send(PUSHED)
                    delay(1.milliseconds)
                }
            }
        }
    }
    route("/deny") { onConnect { deny(403, "on purpose") } }
    route("/late") {
        onConnect {
            delay(100.milliseconds)
            echo()
        }
    }
    route("/throw") {
        onConnect {
            accept()
            incoming.receiveCatching()
            error(ON_PURPOSE)
        }
    }
    route("/throw/early") { onConnect { error(ON_PURPOSE) } }
    groups.forEachIndexed { index, group ->
        route("/group/$index") {
            onConnect {
                accept()
                group.join(this) { for (message in incoming) group.broadcast(message) }
            }
        }
    }
    onConnect { echo() }
}

private suspend fun ServerWebSocket.echo() {
    accept()
    for (message in incoming) send(message)
}

private suspend fun ServerWebSocket.echoStreams() {
    accept()
    for (message in incomingStreams) {
        sendMessage(message.type) { message.asFlow().collect { write(it) } }
    }
}

/** What handlers that fail say, so that nothing else may be in the log. */
internal const val ON_PURPOSE = "abused on purpose"
private val PUSHED = Message.Binary(ByteArray(1000))
private val PAGE = "a page of two mebibytes; ".repeat(2 * 1024 * 1024 / 25)
