package dev.kobahn.internal.java

import dev.kobahn.WebSocketServer
import dev.kobahn.java.AsyncWebSocketServer
import dev.kobahn.java.UsesJavaTime
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.time.toKotlinDuration

/** A server with the interface for Java. */
internal class RealAsyncWebSocketServer(internal val server: WebSocketServer) :
    AsyncWebSocketServer {
    private val calls = FutureCalls()

    override fun port(): Int = server.port

    override fun addresses(): List<String> = server.addresses

    override fun connectionCount(): Int = server.connectionCount

    override fun handlerCount(): Int = server.handlerCount

    override fun start(): CompletableFuture<AsyncWebSocketServer> = calls.future {
        server.start()
        this
    }

    override fun stop(): CompletableFuture<Void?> = calls.completion { server.stop() }

    override fun stop(
        window: Long,
        deadline: Long,
        unit: TimeUnit,
        code: Int,
    ): CompletableFuture<Void?> = stop(durationOf(window, unit), durationOf(deadline, unit), code)

    @UsesJavaTime
    override fun stop(
        window: java.time.Duration,
        deadline: java.time.Duration,
        code: Int,
    ): CompletableFuture<Void?> = stop(window.toKotlinDuration(), deadline.toKotlinDuration(), code)

    private fun stop(window: kotlin.time.Duration, deadline: kotlin.time.Duration, code: Int) =
        calls.completion { server.stop(window, deadline, code) }

    override fun awaitStopped(): CompletableFuture<Void?> = calls.completion { server.join() }
}
