package dev.kobahn.internal.server

import dev.kobahn.TransportDetails
import dev.kobahn.internal.transport.Acceptor
import dev.kobahn.internal.transport.Endpoint
import dev.kobahn.internal.transport.EventLoopGroup
import dev.kobahn.internal.transport.UnixSockets
import dev.kobahn.internal.transport.connect
import dev.kobahn.internal.transport.record
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.protocol.hex
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.annotation.EnabledIf
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.File
import java.io.IOException
import java.net.BindException
import java.net.ProtocolFamily
import java.net.SocketAddress
import java.net.StandardProtocolFamily
import java.nio.channels.ServerSocketChannel
import java.nio.file.Files
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield

@EnabledIf(UnixSockets::class)
class UnixListenersTest :
    FunSpec({
        timeout = 60_000
        val folder = Files.createTempDirectory("kobahn").toFile()
        afterSpec { folder.deleteRecursively() }
        var number = 0

        fun newPath() = File(folder, "${number++}.sock").path

        test("client and server meet on a Unix socket, by every form of its URL") {
            val path = newPath()
            echoing { listenUnix(path) }.use { server ->
                server.addresses shouldContainExactly listOf("unix:$path")
                shouldThrow<IllegalStateException> { server.port }.message shouldContain
                    "no TCP port"
                echoes(WebSocketUrl.createUnix(path)).peer shouldBe "unix:$path"
                echoes("ws+unix:$path")
                echoes("ws+unix:$path:/chat")
                echoes("ws://unix:$path").channelType shouldBe TransportDetails.ChannelType.UNIX
            }
        }

        test("Autobahn's form of the URL says where to listen") {
            val path = newPath()
            echoing { listen("ws://unix:$path") }.use { echoes("ws://unix:$path") }
        }

        test("a server listens on TCP and on a Unix socket at once") {
            val path = newPath()
            echoing {
                listenUnix(path)
                listen(0)
            }.use { server ->
                echoes("ws+unix:$path")
                echoes("ws://localhost:${server.port}/")
            }
        }

        test("the file is removed when the server stops, and when its job is cancelled") {
            val path = newPath()
            echoing { listenUnix(path) }.use { File(path).exists() shouldBe true }
            File(path).exists() shouldBe false
            val server = echoing { listenUnix(path) }
            server.start()
            server.job.cancel()
            server.join()
            File(path).exists() shouldBe false
        }

        test("the file of a server that has ended is replaced") {
            val path = newPath()
            leaveBehind(path)
            echoing { listenUnix(path) }.use { echoes("ws+unix:$path") }
        }

        test("of servers that start at once on a stale file one listens, the others are refused") {
            repeat(20) {
                val path = newPath()
                leaveBehind(path)
                val servers = List(4) { echoing { listenUnix(path) } }
                val failures = coroutineScope {
                    servers.map { server ->
                        async(Dispatchers.Default) {
                            runCatching { server.start() }.exceptionOrNull()
                        }
                    }.awaitAll()
                }
                failures.count { it == null } shouldBe 1
                failures.filterNotNull().forEach { it.shouldBeInstanceOf<BindException>() }
                echoes("ws+unix:$path")
                servers[failures.indexOf(null)].stop()
            }
        }

        test("a server that answers keeps its file") {
            val path = newPath()
            echoing { listenUnix(path) }.use {
                shouldThrow<BindException> { echoing { listenUnix(path) }.start() }
                    .message shouldBe "Address already in use: a server listens there: $path"
                echoes("ws+unix:$path")
            }
        }

        test("a file that is no socket is never removed") {
            val path = newPath()
            File(path).writeText("precious")
            shouldThrow<BindException> { echoing { listenUnix(path) }.start() }
                .message shouldBe "the file exists and is no socket: $path"
            File(path).readText() shouldBe "precious"
            shouldThrow<BindException> { echoing { listenUnix("/dev/null") }.start() }
            File("/dev/null").exists() shouldBe true
        }

        test("a file that another server has put there meanwhile stays") {
            val path = newPath()
            val server = echoing { listenUnix(path) }
            server.start()
            File(path).delete()
            leaveBehind(path)
            server.stop()
            File(path).exists() shouldBe true
        }

        test("a bind that is cancelled at any moment leaves no file behind") {
            val path = newPath()
            val lease = EventLoopGroup("unix-test", 1).acquire()
            try {
                repeat(300) { round ->
                    val accepting = CompletableDeferred<Job>()
                    val binding = launch(Dispatchers.Default) {
                        val acceptor = Acceptor.bind(Endpoint.Unix(path), lease) { it.close() }
                        accepting.complete(acceptor.start(CoroutineScope(Job())))
                    }
                    repeat(4 * round) { yield() }
                    binding.cancelAndJoin()
                    if (accepting.isCompleted) accepting.await().cancelAndJoin()
                    File(path).exists() shouldBe false
                }
            } finally {
                lease.release()
            }
        }

        test("a Unix socket that a PROXY header names is not trusted, on a Unix socket either") {
            val path = newPath()
            val seen = CompletableDeferred<String>()
            val lease = EventLoopGroup("unix-test", 1).acquire()
            try {
                webSocketServer {
                    listenUnix(path)
                    proxyProtocolFrom = listOf("unix")
                    trustXForwardedFor = 1
                    onConnect { seen.complete(request.peer) }
                }.use {
                    val proxy = connect(Endpoint.Unix(path), lease.next())
                    proxy.record()
                    val header = hex("0d0a0d0a000d0a515549540a 21 31 00d8") +
                        "/far.sock".encodeToByteArray().copyOf(216)
                    synchronized(proxy.output) {
                        proxy.output.append(header + UPGRADE.encodeToByteArray())
                    }
                    proxy.flush()
                    seen.await() shouldBe "unix:/far.sock"
                    proxy.close()
                }
            } finally {
                lease.release()
            }
        }

        test("a path that is too long, or in no folder, is an error that names it") {
            for (path in listOf(newPath() + "x".repeat(200), "$folder/missing/a.sock")) {
                shouldThrow<IOException> { echoing { listenUnix(path) }.start() }
                    .message shouldContain path
                shouldThrow<IOException> { webSocketClient().connect("ws+unix:$path") }
                    .message shouldContain path
            }
        }

        test("the path of a socket stays on one line of a message") {
            shouldThrow<IOException> { webSocketClient().connect("ws+unix:$folder/a%0aX") }
                .message shouldContain "$folder/a\\u000aX"
            Endpoint.Unix("/a\nX").toString() shouldBe "/a\\u000aX"
        }

        test("a client of a socket without a server is told so") {
            val path = newPath()
            leaveBehind(path)
            shouldThrow<IOException> { webSocketClient().connect("ws+unix:$path") }
                .message shouldBe
                "Unix socket: Connection refused: $path; does a server listen there?"
        }
    })

private const val UPGRADE =
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
        "X-Forwarded-For: 203.0.113.9\r\n\r\n"

/** Binds a Unix socket and closes it, which leaves its file. */
internal fun leaveBehind(path: String) {
    bindUnix(path).close()
    File(path).exists() shouldBe true
}

/** Listens on a Unix socket without the library. */
internal fun bindUnix(path: String): ServerSocketChannel {
    val unix = StandardProtocolFamily.valueOf("UNIX")
    val channel = ServerSocketChannel::class.java
        .getMethod("open", ProtocolFamily::class.java).invoke(null, unix)
        as ServerSocketChannel
    return channel.bind(unixAddress(path))
}

internal fun unixAddress(path: String): SocketAddress =
    Class.forName("java.net.UnixDomainSocketAddress")
        .getMethod("of", String::class.java).invoke(null, path) as SocketAddress
