package dev.kobahn.internal.transport

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import io.ktor.network.selector.Selectable
import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.ServerSocket
import io.ktor.network.sockets.Socket
import io.ktor.network.sockets.aSocket
import java.io.IOException
import java.net.BindException
import java.net.InetAddress
import java.net.ServerSocket as JavaServerSocket
import java.net.StandardSocketOptions
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.withContext

private val anyPort = Endpoint.Tcp("127.0.0.1", 0)

internal class AcceptorTest :
    FunSpec({
        timeout = 30_000
        val group = EventLoopGroup("acceptor-test", 2)
        val lease = group.acquire()
        val scope = CoroutineScope(Dispatchers.Default + Job())
        afterSpec { lease.release() }

        test("accepted connections are spread over the loops in turn") {
            val accepted = Channel<Pair<SocketTransport, Boolean>>(Channel.UNLIMITED)
            val acceptor = Acceptor.bind(anyPort, lease) {
                accepted.trySend(it to it.loop.isCurrent)
            }
            val job = acceptor.start(scope)
            acceptor.local shouldStartWith "tcp4:127.0.0.1:${acceptor.port}"
            val loop = lease.next()
            val clients = List(4) { connect(anyPort.copy(port = acceptor.port), loop) }
            val servers = List(4) { accepted.receive() }
            servers.all { it.second } shouldBe true
            servers.map { it.first.loop }.toSet().size shouldBe 2
            (clients + servers.map { it.first }).forEach { it.close() }
            job.cancelAndJoin()
        }

        test("after the job has completed the port is free, and connecting fails") {
            val first = Acceptor.bind(anyPort, lease) { it.close() }
            val port = first.port
            first.start(scope).cancelAndJoin()
            shouldThrow<IOException> { connect(anyPort.copy(port = port), lease.next()) }
            val second = Acceptor.bind(anyPort.copy(port = port), lease) { it.close() }
            second.port shouldBe port
            second.start(scope).cancelAndJoin()
        }

        test("the port is free at the moment the job completes, not some time later") {
            val acceptor = Acceptor.bind(anyPort, lease) { it.close() }
            val job = acceptor.start(scope)
            val binding = CompletableDeferred<Result<Unit>>()
            val here = InetAddress.getByName("127.0.0.1")
            job.invokeOnCompletion {
                binding.complete(runCatching { JavaServerSocket(acceptor.port, 1, here).close() })
            }
            job.cancel()
            binding.await().getOrThrow()
        }

        test("the exception names an address that cannot be bound") {
            val first = Acceptor.bind(anyPort, lease) { it.close() }
            shouldThrow<BindException> {
                Acceptor.bind(anyPort.copy(port = first.port), lease) { it.close() }
            }.message shouldBe "Address already in use: 127.0.0.1:${first.port}"
            first.start(scope).cancelAndJoin()
        }

        test("an acceptor cancelled before its start frees the port too") {
            val acceptor = Acceptor.bind(anyPort, lease) { it.close() }
            acceptor.start(CoroutineScope(Job().apply { cancel() })).join()
            val again = Acceptor.bind(anyPort.copy(port = acceptor.port), lease) { it.close() }
            again.start(scope).cancelAndJoin()
        }

        test("a port in use cannot be bound") {
            val acceptor = Acceptor.bind(anyPort, lease) { it.close() }
            shouldThrow<IOException> {
                Acceptor.bind(anyPort.copy(port = acceptor.port), lease) { it.close() }
            }
            acceptor.start(scope).cancelAndJoin()
        }

        test("accepting goes on after a failure, and after a bad connection") {
            val loop = lease.next()
            val real = withContext(loop.dispatcher) {
                aSocket(loop.selectorManager).tcp().bind(InetSocketAddress("127.0.0.1", 0))
            }
            val failing = FailingServerSocket(real)
            val count = AtomicInteger()
            val accepted = CompletableDeferred<SocketTransport>()
            val acceptor = Acceptor(failing, loop, lease::next, SocketSettings()) {
                check(count.incrementAndGet() > 1) { "a bad connection" }
                accepted.complete(it)
            }
            val job = acceptor.start(scope)
            val clients = List(2) { connect(anyPort.copy(port = acceptor.port), lease.next()) }
            val server = accepted.await()
            failing.failures.get() shouldBe 3
            (clients + server).forEach { it.close() }
            job.cancelAndJoin()
        }

        test("a socket that no loop takes is closed, and accepting goes on") {
            val loop = lease.next()
            val count = AtomicInteger()
            val accepted = CompletableDeferred<SocketTransport>()
            val real = withContext(loop.dispatcher) {
                aSocket(loop.selectorManager).tcp().bind(InetSocketAddress("127.0.0.1", 0))
            }
            val nextLoop = {
                if (count.incrementAndGet() == 1) throw IOException("no descriptors") else loop
            }
            val acceptor =
                Acceptor(real, loop, nextLoop, SocketSettings()) { accepted.complete(it) }
            val job = acceptor.start(scope)
            val first = connect(anyPort.copy(port = acceptor.port), loop)
            first.record().inputEnd.await()
            val second = connect(anyPort.copy(port = acceptor.port), loop)
            listOf(first, second, accepted.await()).forEach { it.close() }
            job.cancelAndJoin()
        }

        test("options reach the accepted sockets") {
            val settings = SocketSettings(tcpNoDelay = false, tcpKeepAlive = true)
            val (first, second) = connectedPair(anyPort, lease, settings)
            for (end in listOf(first, second)) {
                end.channel.getOption(StandardSocketOptions.TCP_NODELAY) shouldBe false
                end.channel.getOption(StandardSocketOptions.SO_KEEPALIVE) shouldBe true
                end.close()
            }
            val (third, fourth) = connectedPair(anyPort, lease, SocketSettings())
            for (end in listOf(third, fourth)) {
                end.channel.getOption(StandardSocketOptions.TCP_NODELAY) shouldBe true
                end.close()
            }
        }
    })

/** Fails three times before it accepts, the third time for lack of memory. */
private class FailingServerSocket(private val real: ServerSocket) :
    ServerSocket by real,
    Selectable by (real as Selectable) {
    val failures = AtomicInteger()

    override suspend fun accept(): Socket {
        when (failures.getAndUpdate { minOf(it + 1, 3) }) {
            0, 1 -> throw IOException("Too many open files")
            2 -> throw OutOfMemoryError("for the test")
        }
        return real.accept()
    }

    override fun close() = real.close()

    override fun dispose() = real.dispose()
}
