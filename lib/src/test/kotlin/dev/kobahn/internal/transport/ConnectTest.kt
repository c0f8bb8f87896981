package dev.kobahn.internal.transport

import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.ktor.network.sockets.InetSocketAddress
import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.net.SocketTimeoutException
import java.net.UnknownHostException
import java.nio.channels.SocketChannel
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield

internal class ConnectTest :
    FunSpec({
        timeout = 60_000
        val lease = EventLoopGroup("connect-test", 2).acquire()
        afterSpec { lease.release() }

        test("an unknown host is an UnknownHostException") {
            shouldThrow<UnknownHostException> { resolve("no-such-host.invalid") }
        }

        test("a host is connected to by name") {
            ServerSocket(0).use { server ->
                val transport = connect(Endpoint.Tcp("localhost", server.localPort), lease.next())
                server.accept().close()
                transport.close()
            }
        }

        test("a refused connection is an IOException") {
            val port = ServerSocket(0).use { it.localPort }
            shouldThrow<IOException> { connect(Endpoint.Tcp("127.0.0.1", port), lease.next()) }
        }

        test("addresses are tried in order; the last error comes with the earlier ones") {
            val addresses = List(3) { InetSocketAddress("127.0.0.1", 1 + it) }
            val failure = shouldThrow<IOException> {
                firstOf(addresses) { throw IOException("$it") }
            }
            failure.message shouldBe "${addresses[2]}"
            failure.suppressed.map { it.message } shouldBe addresses.take(2).map { "$it" }
            val found = firstOf(addresses) { if (it === addresses[2]) it else throw IOException() }
            found shouldBe addresses[2]
        }

        test("a port out of range is refused by name and range") {
            shouldThrow<IllegalArgumentException> { Endpoint.Tcp("localhost", 65_536) }
                .message shouldBe "port must be in 0..65535, but is 65536"
        }

        test("a connect that times out leaves no socket behind, and its loop goes on") {
            fullServer { port ->
                val loop = lease.next()
                shouldThrow<TimeoutCancellationException> {
                    withTimeout(20) { connect(Endpoint.Tcp("127.0.0.1", port), loop) }
                }
                goRound(loop, times = 2)
                val before = openSockets()
                repeat(20) {
                    shouldThrow<TimeoutCancellationException> {
                        withTimeout(10) { connect(Endpoint.Tcp("127.0.0.1", port), loop) }
                    }
                }
                // Ktor closes a socket that is still connecting on another thread, some time later: of
                // the attempts just made, but also of those before, hence fewer may be left.
                eventually(10.seconds) {
                    goRound(loop, times = 2)
                    openSockets() shouldBeLessThanOrEqual before
                }
            }
        }

        test("a connect cancelled at any moment leaves no socket behind") {
            ServerSocket(0, 500, InetAddress.getByName("127.0.0.1")).use { server ->
                val endpoint = Endpoint.Tcp("127.0.0.1", server.localPort)
                val loop = lease.next()
                connect(endpoint, loop).close()
                server.accept().close()
                goRound(loop, times = 2)
                val before = openSockets()
                repeat(200) { round ->
                    val attempt = launch(Dispatchers.Default) { connect(endpoint, loop).close() }
                    repeat(round) { yield() }
                    attempt.cancelAndJoin()
                }
                server.soTimeout = 1
                withContext(Dispatchers.IO) { drain(server) }
                eventually(10.seconds) {
                    goRound(loop, times = 3)
                    openSockets() shouldBeLessThanOrEqual before
                }
            }
        }
    })

private fun drain(server: ServerSocket) {
    while (true) {
        try {
            server.accept().close()
        } catch (_: SocketTimeoutException) {
            return
        }
    }
}

/** A server whose backlog is full: the system leaves further attempts without an answer. */
private suspend fun fullServer(test: suspend (port: Int) -> Unit) {
    val local = InetAddress.getByName("127.0.0.1")
    ServerSocket(0, 1, local).use { server ->
        val fill = List(4) {
            SocketChannel.open().apply {
                configureBlocking(false)
                connect(java.net.InetSocketAddress(local, server.localPort))
            }
        }
        test(server.localPort)
        fill.forEach { it.close() }
    }
}
