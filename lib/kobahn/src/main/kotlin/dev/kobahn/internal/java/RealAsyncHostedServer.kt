package dev.kobahn.internal.java

import dev.kobahn.hosting.ByteStream
import dev.kobahn.hosting.HostedAnswer
import dev.kobahn.hosting.HostedRequest
import dev.kobahn.hosting.HostedRoute
import dev.kobahn.hosting.HostedServer
import dev.kobahn.hosting.StreamDetails
import dev.kobahn.java.AsyncHostedServer
import dev.kobahn.java.AsyncRoute
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

/** A hosted server with the interface for Java. */
internal class RealAsyncHostedServer(private val server: HostedServer) : AsyncHostedServer {
    private val calls = FutureCalls()

    override fun server(): HostedServer = server

    override fun connectionCount(): Int = server.connectionCount

    override fun handlerCount(): Int = server.handlerCount

    override fun accept(stream: ByteStream, details: StreamDetails) = server.accept(stream, details)

    override fun accept(request: HostedRequest, stream: ByteStream) = server.accept(request, stream)

    override fun answer(request: HostedRequest): CompletableFuture<HostedAnswer> =
        calls.future { server.answer(request) }

    override fun route(route: AsyncRoute): HostedRoute {
        val configure = route.copied()
        return server.route { configure(this) }
    }

    override fun stop(): CompletableFuture<Void?> = calls.completion { server.stop() }

    override fun stop(
        window: Long,
        deadline: Long,
        unit: TimeUnit,
        code: Int,
    ): CompletableFuture<Void?> = calls.completion {
        server.stop(durationOf(window, unit), durationOf(deadline, unit), code)
    }
}
