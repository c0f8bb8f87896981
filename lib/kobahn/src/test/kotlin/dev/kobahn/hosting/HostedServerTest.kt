package dev.kobahn.hosting

import dev.kobahn.CloseStatus
import dev.kobahn.protocol.handshake.RequestHead
import dev.kobahn.protocol.handshake.headersOf
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.yield

private val DETAILS = StreamDetails("tcp4:203.0.113.7:4711", isSecure = true)

private fun head(target: String = "/", version: String = "13") = RequestHead(
    "GET",
    target,
    "HTTP/1.1",
    headersOf(
        "Host" to "localhost",
        "Upgrade" to "websocket",
        "Connection" to "Upgrade",
        "Sec-WebSocket-Version" to version,
        "Sec-WebSocket-Key" to "dGhlIHNhbXBsZSBub25jZQ==",
    ),
)

/** A stream that keeps what is written and fails as [failure] says. */
@OptIn(ExperimentalCoroutinesApi::class)
private class FakeStream(private val failure: String = "") : ByteStream {
    val started = CompletableDeferred<ByteStreamListener>()
    val asked = CompletableDeferred<Unit>()
    val written = StringBuilder()

    /** Completes when the first bytes are written, and Kobahn knows it. */
    val wrote = CompletableDeferred<Unit>()
    val closed = CompletableDeferred<Unit>()

    override fun start(listener: ByteStreamListener) {
        started.complete(listener)
        if (failure == "start") error("meant to fail")
    }

    override fun read() {
        asked.complete(Unit)
        if (failure == "read") throw IOException("meant to fail")
    }

    override fun write(bytes: ByteBuffer) {
        if (failure == "write") error("meant to fail")
        synchronized(written) {
            while (bytes.hasRemaining()) written.append(Char(bytes.get().toInt() and 0xFF))
        }
        started.getCompleted().onWritten()
        wrote.complete(Unit)
    }

    override fun endOutput(isLast: Boolean) = Unit

    override fun close() {
        closed.complete(Unit)
    }
}

class HostedServerTest :
    FunSpec({
        timeout = 20_000

        test("the handler has the elements of the host's context, and the host's details") {
            val seen = CompletableDeferred<List<Any?>>()
            val server = hostedServer {
                onConnect {
                    seen.complete(
                        listOf(
                            currentCoroutineContext()[CoroutineName]?.name,
                            transportDetails.peer,
                            transportDetails.isSecure,
                            request.peer,
                        ),
                    )
                    accept()
                }
            }
            val request = HostedRequest(head(), DETAILS, context = CoroutineName("the host's"))
            val stream = FakeStream()
            server.accept(request, stream)
            seen.await() shouldBe
                listOf("the host's", "tcp4:203.0.113.7:4711", true, "tcp4:203.0.113.7:4711")
            server.stop(deadline = 0.milliseconds)
            stream.closed.await()
        }

        test("a route that the host chooses has options of its own and the host's parameters") {
            val server = hostedServer {
                subprotocols = listOf("server")
                onConnect { deny(410) }
            }
            val seen = CompletableDeferred<Map<String, String>>()
            val route = server.route {
                headers = headersOf("X-Route" to "1")
                onConnect {
                    seen.complete(pathParameters)
                    accept()
                    awaitCancellation()
                }
            }
            val answer = server.answer(HostedRequest(head(), DETAILS, route, mapOf("id" to "7")))
            (answer as HostedAnswer.Upgrade).response.headers["X-Route"] shouldBe "1"
            seen.await() shouldBe mapOf("id" to "7")
            val other = server.answer(HostedRequest(head(), DETAILS))
            (other as HostedAnswer.Plain).response.status shouldBe 410
            answer.close()
            server.stop(deadline = 0.milliseconds)
        }

        test("all connections of a server share maxConnections") {
            val server = hostedServer {
                maxConnections = 1
                onConnect {
                    accept()
                    awaitClosed()
                }
            }
            val first = server.answer(HostedRequest(head(), DETAILS)) as HostedAnswer.Upgrade
            server.connectionCount shouldBe 1
            val second = server.answer(HostedRequest(head(), DETAILS)) as HostedAnswer.Plain
            second.response.status shouldBe 503
            first.close()
            server.stop(deadline = 0.milliseconds)
            // A deadline of zero leaves the connection only a moment to end.
            server.join()
            server.connectionCount shouldBe 0
        }

        test("what the handler sends before the host has its stream comes first on it") {
            val server = hostedServer { onConnect { send("early") } }
            val answer = server.answer(HostedRequest(head(), DETAILS)) as HostedAnswer.Upgrade
            val stream = FakeStream()
            answer.attach(stream)
            eventually(5.seconds) {
                synchronized(stream.written) { "${stream.written}" } shouldStartWith
                    "\u0081\u0005early"
            }
            server.stop(deadline = 0.milliseconds)
            stream.closed.await()
        }

        test("a second stream is refused before it starts, and the first one goes on") {
            val server = hostedServer {
                onConnect {
                    accept()
                    awaitClosed()
                }
            }
            val answer = server.answer(HostedRequest(head(), DETAILS)) as HostedAnswer.Upgrade
            val first = FakeStream()
            answer.attach(first)
            val second = FakeStream()
            shouldThrow<IllegalStateException> { answer.attach(second) }
            second.started.isCompleted shouldBe false
            first.asked.await()
            first.closed.isCompleted shouldBe false
            server.stop(deadline = 0.milliseconds)
            first.closed.await()
        }

        test("a host that hands no stream over loses the connection at openHandshakeTimeout") {
            val status = CompletableDeferred<CloseStatus>()
            val server = hostedServer {
                // The handler has to accept within it as well.
                openHandshakeTimeout = 1.seconds
                onConnect {
                    accept()
                    status.complete(awaitClosed())
                }
            }
            val answer = server.answer(HostedRequest(head(), DETAILS)) as HostedAnswer.Upgrade
            status.await().cause.shouldNotBeNull().message shouldContain "no stream within 1s"
            val late = FakeStream()
            answer.attach(late)
            late.closed.await()
            server.stop(deadline = 0.milliseconds)
        }

        test("a handler that does not decide is answered with 503") {
            val server = hostedServer {
                openHandshakeTimeout = 50.milliseconds
                onConnect { awaitCancellation() }
            }
            val answer = server.answer(HostedRequest(head(), DETAILS))
            (answer as HostedAnswer.Plain).response.status shouldBe 503
            server.stop(deadline = 0.milliseconds)
        }

        test("cancelling answer ends the connection") {
            val begun = CompletableDeferred<Unit>()
            val ended = CompletableDeferred<Unit>()
            val server = hostedServer {
                onConnect {
                    begun.complete(Unit)
                    try {
                        incoming
                        awaitClosed()
                    } finally {
                        ended.complete(Unit)
                    }
                }
            }
            val asking = async { server.answer(HostedRequest(head(), DETAILS)) }
            yield()
            begun.await()
            asking.cancelAndJoin()
            ended.await()
            server.stop(deadline = 0.milliseconds)
        }

        test("a stopped server refuses, and closes streams") {
            val server = hostedServer { onConnect { } }
            server.stop(deadline = 0.milliseconds)
            server.join()
            server.job.isCompleted shouldBe true
            val answer = server.answer(HostedRequest(head(), DETAILS))
            (answer as HostedAnswer.Plain).response.status shouldBe 503
            for (accept in listOf<(FakeStream) -> Unit>(
                { server.accept(it, DETAILS) },
                { server.accept(HostedRequest(head(), DETAILS), it) },
            )) {
                val stream = FakeStream()
                accept(stream)
                stream.closed.await()
            }
        }

        for (failure in listOf("start", "read", "write")) {
            test("a stream that fails in $failure ends its connection alone") {
                val server = hostedServer {
                    onConnect {
                        accept()
                        awaitClosed()
                    }
                }
                val stream = FakeStream(failure)
                server.accept(HostedRequest(head(), DETAILS), stream)
                stream.closed.await()
                val answer = server.answer(HostedRequest(head(), DETAILS))
                answer.shouldBeInstanceOf<HostedAnswer.Upgrade>().close()
                server.stop(deadline = 0.milliseconds)
            }
        }

        test("events that a stream must not have are refused") {
            val server = hostedServer {
                onConnect {
                    accept()
                    awaitClosed()
                }
            }
            val stream = FakeStream()
            server.accept(HostedRequest(head(), DETAILS), stream)
            val listener = stream.started.await()
            stream.asked.await()
            stream.wrote.await()
            shouldThrow<IllegalArgumentException> {
                listener.onBytes(ByteBuffer.allocate(1).asReadOnlyBuffer())
            }
            listener.onBytes(ByteBuffer.wrap(byteArrayOf(1)))
            shouldThrow<IllegalStateException> { listener.onWritten() }
            server.stop(deadline = 0.milliseconds)
            stream.closed.await()
        }
    })
