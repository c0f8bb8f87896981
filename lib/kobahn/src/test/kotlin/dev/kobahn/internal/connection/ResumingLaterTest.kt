package dev.kobahn.internal.connection

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import java.lang.ref.WeakReference
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.launch

class ResumingLaterTest :
    FunSpec({
        fun events(resume: (CompletableDeferred<Unit>, MutableList<String>) -> Unit) =
            ArrayList<String>().also { events ->
                val signal = CompletableDeferred<Unit>()
                CoroutineScope(Dispatchers.Unconfined).launch {
                    signal.await()
                    events += "resumed"
                }
                resume(signal, events)
            }

        test("a coroutine without a dispatcher goes on after the block that resumes it") {
            events { signal, events ->
                resumingLater {
                    signal.complete(Unit)
                    events += "block"
                }
                events += "after"
            } shouldContainExactly listOf("block", "resumed", "after")
        }

        test("within another coroutine without a dispatcher it goes on when that suspends") {
            events { signal, events ->
                CoroutineScope(Dispatchers.Unconfined).launch {
                    repeat(2) {
                        resumingLater {
                            signal.complete(Unit)
                            events += "block"
                        }
                    }
                    events += "after"
                }
            } shouldContainExactly listOf("block", "block", "after", "resumed")
        }

        test("what the block returns or throws is returned or thrown") {
            resumingLater { 7 } shouldBe 7
            shouldThrow<IllegalStateException> { resumingLater { error("on purpose") } }
            CoroutineScope(Dispatchers.Unconfined).async {
                resumingLater { 7 } shouldBe 7
                shouldThrow<IllegalStateException> { resumingLater { error("on purpose") } }
            }.await()
        }

        test("nothing is kept for a coroutine without a dispatcher that does not suspend") {
            CoroutineScope(Dispatchers.Unconfined).async {
                val kept = List(100) {
                    val held = ByteArray(1)
                    resumingLater { held.size }
                    WeakReference(held)
                }
                var looks = 0
                while (kept.count { it.get() != null } > 1) {
                    check(looks++ < 100) { "something is kept" }
                    System.gc()
                }
            }.await()
        }
    })
