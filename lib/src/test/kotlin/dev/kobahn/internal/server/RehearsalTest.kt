package dev.kobahn.internal.server

import dev.kobahn.internal.transport.EventLoopGroup
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch

internal class RehearsalTest :
    FunSpec({
        test("a rehearsal that fails in any way is no failure of who asked for it") {
            val lease = EventLoopGroup("rehearsal", 1).acquire()
            // So it hands out no loop, which is an IllegalStateException.
            lease.release()
            Rehearsal.attempt(lease)
        }

        test("who asked for a rehearsal and is cancelled meanwhile does not go on") {
            val lease = EventLoopGroup("rehearsal", 1).acquire()
            var hasGoneOn = false
            val asking = launch(start = CoroutineStart.UNDISPATCHED) {
                Rehearsal.attempt(lease)
                hasGoneOn = true
            }
            asking.cancelAndJoin()
            hasGoneOn shouldBe false
            lease.release()
        }
    })
