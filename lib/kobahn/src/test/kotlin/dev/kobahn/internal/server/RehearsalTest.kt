package dev.kobahn.internal.server

import dev.kobahn.internal.transport.EventLoop
import dev.kobahn.internal.transport.EventLoopGroup
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.util.concurrent.CountDownLatch
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

internal class RehearsalTest :
    FunSpec({
        timeout = 60_000

        test("a rehearsal that fails does not fail its caller") {
            val lease = EventLoopGroup("rehearsal", 1).acquire()
            // A released lease hands out no loop: it throws IllegalStateException.
            lease.release()
            Rehearsal.attempt(lease)
        }

        test("a caller that is cancelled during a rehearsal does not go on") {
            val lease = EventLoopGroup("rehearsal", 1).acquire()
            val release = CountDownLatch(1)
            // The rehearsal cannot end before the loop is free again.
            lease.next().execute { release.await() }
            var hasGoneOn = false
            val asking = launch(start = CoroutineStart.UNDISPATCHED) {
                Rehearsal.attempt(lease)
                hasGoneOn = true
            }
            asking.cancel()
            release.countDown()
            asking.join()
            hasGoneOn shouldBe false
            lease.release()
        }

        test("a rehearsal leaves no channel open, whenever it is cancelled") {
            val lease = EventLoopGroup("rehearsal", 1).acquire()
            val loop = lease.next()
            repeat(40) { turns ->
                val asking = launch(start = CoroutineStart.UNDISPATCHED) {
                    Rehearsal.attempt(lease)
                }
                repeat(turns) { withContext(loop.dispatcher) { } }
                asking.cancelAndJoin()
                eventually(10.seconds) { loop.channels() shouldBe 0 }
            }
            Rehearsal.attempt(lease)
            eventually(10.seconds) { loop.channels() shouldBe 0 }
            lease.release()
        }

        test("a rehearsal without an answer ends after three seconds") {
            val lease = EventLoopGroup("rehearsal", 3, blockedThreshold = 60.seconds).acquire()
            val release = CountDownLatch(1)
            val (asking, accepting, answering) = List(3) { lease.next() }
            answering.execute { release.await() }
            Rehearsal.attempt(lease)
            release.countDown()
            for (loop in listOf(asking, accepting, answering)) {
                // Sooner than openHandshakeTimeout would close a silent client.
                eventually(4.seconds) { loop.channels() shouldBe 0 }
            }
            lease.release()
        }
    })

/** Returns the number of channels that the loop watches. */
private suspend fun EventLoop.channels() = withContext(dispatcher) { selector.keys().size }
