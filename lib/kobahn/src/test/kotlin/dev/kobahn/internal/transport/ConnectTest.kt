package dev.kobahn.internal.transport

import dev.kobahn.HostResolver
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.net.ConnectException
import java.net.InetAddress
import java.net.NoRouteToHostException
import java.net.ServerSocket
import java.net.SocketTimeoutException
import java.net.UnknownHostException
import java.nio.channels.UnsupportedAddressTypeException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
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

        test("an unknown host is an UnknownHostException that says so") {
            val unknown = shouldThrow<UnknownHostException> {
                Endpoint.Tcp("no-such-host.invalid", 80).resolve()
            }
            unknown.message shouldStartWith "DNS: no address of no-such-host.invalid"
            unknown.message shouldEndWith "; check the name and the network"
            shouldThrow<UnknownHostException> {
                Endpoint.Tcp("a.example", 80).resolve { emptyList() }
            }.message shouldBe "DNS: no address of a.example; check the name and the network"
        }

        test("a resolver is asked for names, not for addresses, and its failure is thrown") {
            val asked = ArrayList<String>()
            val resolver = HostResolver { host ->
                asked += host
                listOf(InetAddress.getByName("127.0.0.9"))
            }
            Endpoint.Tcp("a.example", 80).resolve(resolver).single().toString() shouldBe
                "a.example/127.0.0.9:80"
            Endpoint.Tcp("127.0.0.1", 80).resolve(resolver).single().toString() shouldBe
                "127.0.0.1:80"
            Endpoint.Tcp("::1", 80).resolve(resolver).single().toString() shouldBe "[::1]:80"
            asked shouldBe listOf("a.example")
            val failure = IOException("no DNS server")
            shouldThrow<IOException> {
                Endpoint.Tcp("a.example", 80).resolve { throw failure }
            }.let {
                it.message shouldBe "DNS: the lookup of a.example failed (no DNS server)"
                it.cause shouldBe failure
            }
        }

        test("IPv6 and IPv4 come in turn, beginning with the family of the first address") {
            fun order(vararg addresses: String) =
                interleaved(addresses.map(InetAddress::getByName)).map { it.toLiteral() }
            order("::1", "::2", "::3", "10.0.0.1") shouldBe listOf("::1", "10.0.0.1", "::2", "::3")
            order("10.0.0.1", "10.0.0.2", "::1", "::2") shouldBe
                listOf("10.0.0.1", "::1", "10.0.0.2", "::2")
            order("10.0.0.1") shouldBe listOf("10.0.0.1")
            order() shouldBe emptyList()
        }

        test("each address gets its share of the time, at most 250 ms and at least 10 ms") {
            headStart(5.seconds, 1) shouldBe 250.milliseconds
            headStart(5.seconds, 2) shouldBe 250.milliseconds
            headStart(5.seconds, 49) shouldBe 100.milliseconds
            headStart(1.seconds, 64) shouldBe 1.seconds / 65
            headStart(100.milliseconds, 64) shouldBe 10.milliseconds
            headStart(Duration.ZERO, 64) shouldBe 250.milliseconds
        }

        test("no more than 64 addresses of a host are tried") {
            val many = List(100) { InetAddress.getByAddress(byteArrayOf(10, 0, 0, it.toByte())) }
            Endpoint.Tcp("a.example", 80).resolve { many }.size shouldBe 64
        }

        test("an address of a family that this machine lacks is a failure like any other") {
            val addresses = listOf("2001:db8::1", "127.0.0.1")
                .flatMap { Endpoint.Tcp(it, 80).resolve() }
            val failures = ArrayList<IOException>()
            firstToSucceed(addresses, failures, discard = { _: String -> }) { address ->
                address.named("TCP: ") {
                    // The channel of NIO throws it where the system has no IPv6.
                    if (address === addresses.first()) throw UnsupportedAddressTypeException()
                    "$address"
                }
            } shouldBe "127.0.0.1:80"
            failures.single().shouldBeInstanceOf<NoRouteToHostException>().message shouldStartWith
                "TCP: this machine has no IPv6: [2001:db8::1]:80"
        }

        test("connect finds a host by its name") {
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

        test("a failure names the host and the address, and keeps its type") {
            val port = ServerSocket(0).use { it.localPort }
            val refused = shouldThrow<ConnectException> {
                connect(Endpoint.Tcp("localhost", port), lease.next())
            }
            val all = listOf(refused.message) + refused.suppressed.map { it.message }
            all shouldContain
                "TCP: Connection refused: localhost/127.0.0.1:$port; does a server listen there?"
            shouldThrow<ConnectException> { connect(Endpoint.Tcp("127.0.0.1", port), lease.next()) }
                .message shouldBe
                "TCP: Connection refused: 127.0.0.1:$port; does a server listen there?"
            shouldThrow<ConnectException> { connect(Endpoint.Tcp("::1", port), lease.next()) }
                .message shouldBe
                "TCP: Connection refused: [::1]:$port; does a server listen there?"
        }

        test("an address that never answers does not delay the others for long") {
            fullServer { silent ->
                ServerSocket(0, 1, InetAddress.getByName("127.0.0.1")).use { server ->
                    val addresses = listOf(silent, server.localPort)
                        .flatMap { Endpoint.Tcp("127.0.0.1", it).resolve() }
                    val transport = withTimeout(20.seconds) { connect(addresses, lease.next()) }
                    transport.peer shouldBe "tcp4:127.0.0.1:${server.localPort}"
                    transport.close()
                }
            }
        }

        test("a port out of range is rejected with its name and range") {
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
