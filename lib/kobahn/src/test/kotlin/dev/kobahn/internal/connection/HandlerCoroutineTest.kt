package dev.kobahn.internal.connection

import dev.kobahn.protocol.Role
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlin.coroutines.CoroutineContext
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.InternalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.async
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.isActive

@OptIn(InternalCoroutinesApi::class, ExperimentalCoroutinesApi::class)
class HandlerCoroutineTest :
    FunSpec({
        fun ConnectionRig.handler(context: CoroutineContext = Job(), handler: suspend () -> Unit) =
            HandlerCoroutine(context + loop.dispatcher, connection).also {
                it.start(CoroutineStart.UNDISPATCHED, Unit) { handler() }
                loop.run()
            }

        test("a handler that waits for a message ends when it is cancelled, and takes none") {
            val rig = ConnectionRig(Role.SERVER)
            var received = 0
            val handler = rig.handler { for (message in rig.connection.incoming) received++ }
            rig.receive(rig.peer.text("one"))
            handler.cancel()
            rig.loop.run()
            handler.isCompleted shouldBe true
            rig.receive(rig.peer.text("two"))
            received shouldBe 1
            rig.connection.incoming.isEmpty shouldBe false
        }

        test("a handler that waits for a message in pieces ends when it is cancelled") {
            val rig = ConnectionRig(Role.SERVER)
            val handler = rig.handler { rig.connection.incomingStreams.receive() }
            handler.cancel()
            rig.loop.run()
            handler.isCompleted shouldBe true
        }

        test("who else waits for a message waits on when the handler is cancelled") {
            val rig = ConnectionRig(Role.SERVER)
            val handler = rig.handler { rig.connection.incoming.receive() }
            val other = CoroutineScope(rig.loop.dispatcher).async {
                rig.connection.incoming.receive().number
            }
            rig.loop.run()
            handler.cancel()
            rig.receive(rig.peer.text("7"))
            other.await() shouldBe 7
        }

        test("a handler of what is cancelled already is cancelled from the start") {
            val rig = ConnectionRig(Role.SERVER)
            val cancelled = Job().also { it.cancel() }
            val handler = rig.handler(cancelled) { rig.connection.incoming.receive() }
            handler.isCancelled shouldBe true
            handler.isCompleted shouldBe true
        }

        test("a handler that is cancelled before it begins does begin, to end its connection") {
            val rig = ConnectionRig(Role.SERVER)
            val handler = HandlerCoroutine(Job() + rig.loop.dispatcher, rig.connection)
            var active: Boolean? = null
            handler.startBy(rig.loop.dispatcher) { active = currentCoroutineContext().isActive }
            active shouldBe null
            handler.cancel()
            rig.loop.run()
            active shouldBe false
            handler.isCompleted shouldBe true
        }

        test("what a handler throws goes where exceptions of coroutines go") {
            val rig = ConnectionRig(Role.SERVER)
            var thrown: Throwable? = null
            val failures = CoroutineExceptionHandler { _, failure -> thrown = failure }
            rig.handler(SupervisorJob() + failures) { error("a bug") }
            thrown?.message shouldBe "a bug"
        }
    })
