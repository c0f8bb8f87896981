package dev.kobahn.internal.server

import dev.kobahn.Message
import dev.kobahn.RawPeer
import dev.kobahn.ServerWebSocket
import dev.kobahn.use
import dev.kobahn.webSocketServer
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldBeEmpty
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldStartWith
import java.io.OutputStream
import java.io.PrintStream
import kotlin.coroutines.CoroutineContext
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.AbstractCoroutine
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.InternalCoroutinesApi
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.job
import kotlinx.coroutines.withContext

/** Runs [block] while the logger throws an exception for each line. */
private suspend fun withoutLog(block: suspend () -> Unit) {
    val before = System.err
    System.setErr(
        object : PrintStream(OutputStream.nullOutputStream()) {
            override fun println(line: String?) = error("no space left on device")
        },
    )
    try {
        block()
    } finally {
        System.setErr(before)
    }
}

/** The coroutine of the only handler. */
private val ServerRig.handler get() = context.scope.coroutineContext.job.children.single()

/** A handler whose [receive] is cancelled, but which then goes on until [goOn]. */
private class Receiver(private val receive: suspend ServerWebSocket.() -> Unit) {
    lateinit var webSocket: ServerWebSocket
    var isCancelled = false
    val goOn = CompletableDeferred<Unit>()
    val rig = ServerRig {
        onConnect {
            webSocket = this
            try {
                receive()
            } catch (cancellation: CancellationException) {
                isCancelled = true
                withContext(NonCancellable) { goOn.await() }
                throw cancellation
            }
        }
    }.also { it.receive(ServerRig.REQUEST) }
}

@OptIn(ExperimentalCoroutinesApi::class, InternalCoroutinesApi::class)
class ServerHandlerTest :
    FunSpec({
        test("a cancelled handler stops receiving at once, and takes no further message") {
            var received = 0
            val receiver = Receiver { for (message in incoming) received++ }
            receiver.rig.receive(RawPeer.text("one"))
            receiver.rig.handler.cancel()
            receiver.rig.loop.run()
            receiver.isCancelled shouldBe true
            receiver.rig.receive(RawPeer.text("two"))
            received shouldBe 1
            receiver.webSocket.incoming.isEmpty shouldBe false
        }

        test("a cancelled handler stops receiving streams at once") {
            val receiver = Receiver { incomingStreams.receive() }
            receiver.rig.handler.cancel()
            receiver.rig.loop.run()
            receiver.isCancelled shouldBe true
        }

        test("another coroutine goes on receiving when the handler is cancelled") {
            val receiver = Receiver { incoming.receive() }
            val other = CoroutineScope(receiver.rig.loop.dispatcher).async {
                receiver.webSocket.incoming.receive()
            }
            receiver.rig.loop.run()
            receiver.rig.handler.cancel()
            receiver.rig.loop.run()
            receiver.isCancelled shouldBe true
            receiver.rig.receive(RawPeer.text("7"))
            other.await() shouldBe Message.Text("7")
        }

        test("a cancelled handler closes its connection with 1001 and waits for the end") {
            val receiver = Receiver { incoming.receive() }
            val handler = receiver.rig.handler
            handler.cancel()
            receiver.goOn.complete(Unit)
            receiver.rig.loop.run()
            receiver.rig.answer.toString() shouldEndWith "\u0088\u0002\u0003\u00e9"
            handler.isCompleted shouldBe false
            receiver.rig.vanish()
            handler.isCompleted shouldBe true
        }

        test("a request to a cancelled server is refused with 503, and starts no handler") {
            var hasBegun = false
            val rig = ServerRig { onConnect { hasBegun = true } }
            rig.context.scope.cancel()
            rig.receive(ServerRig.REQUEST)
            rig.answer.toString() shouldStartWith "HTTP/1.1 503 "
            rig.vanish()
            hasBegun shouldBe false
            rig.context.handlers.count shouldBe 0
        }

        test("a handler that is cancelled before it is dispatched refuses with 503") {
            val tasks = ArrayDeque<Runnable>()
            var hasBegun = false
            val rig = ServerRig {
                handlerDispatcher = object : CoroutineDispatcher() {
                    override fun dispatch(context: CoroutineContext, block: Runnable) {
                        tasks.add(block)
                    }
                }
                onConnect { hasBegun = true }
            }
            rig.receive(ServerRig.REQUEST)
            val handler = rig.handler
            handler.cancel()
            rig.answer.toString().shouldBeEmpty()
            while (tasks.isNotEmpty()) tasks.removeFirst().run()
            rig.loop.run()
            rig.answer.toString() shouldStartWith "HTTP/1.1 503 "
            rig.vanish()
            while (tasks.isNotEmpty()) tasks.removeFirst().run()
            handler.isCompleted shouldBe true
            hasBegun shouldBe false
        }

        test("an exception of the coroutine itself goes to the CoroutineExceptionHandler") {
            var thrown: Throwable? = null
            val failures = CoroutineExceptionHandler { _, failure -> thrown = failure }
            val rig = ServerRig(context = failures) { onConnect { awaitCancellation() } }
            rig.receive(ServerRig.REQUEST)
            val handler = rig.handler as AbstractCoroutine<*>
            handler.resumeWith(Result.failure(IllegalStateException("a bug")))
            thrown?.message shouldBe "a bug"
        }

        test("a failing handler closes its connection with 1011 even if the logger fails") {
            withoutLog {
                webSocketServer {
                    onConnect {
                        accept()
                        error("the handler is broken")
                    }
                }.use { server ->
                    RawPeer(server.port).use {
                        it.handshake()
                        it.readFrame() shouldBe "close 1011"
                        it.send(RawPeer.CLOSE).readFrame() shouldBe "end"
                    }
                    eventually(10.seconds) { server.connectionCount shouldBe 0 }
                }
            }
        }

        test("a failing onRequest is answered with 500 even if the logger fails") {
            withoutLog {
                webSocketServer { onRequest { error("no page") } }.use { server ->
                    RawPeer(server.port).use {
                        it.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        it.readHead() shouldStartWith "HTTP/1.1 500 "
                    }
                }
            }
        }
    })
