package dev.kobahn.internal.transport

import kotlin.coroutines.CoroutineContext
import kotlinx.coroutines.CoroutineDispatcher

/** Keeps what it is to run until the test has it run. */
internal class KeptDispatches : CoroutineDispatcher() {
    val kept = ArrayDeque<Runnable>()
    val contexts = ArrayList<CoroutineContext>()

    override fun dispatch(context: CoroutineContext, block: Runnable) {
        kept.add(block)
        contexts.add(context)
    }

    fun runNext() = kept.removeFirst().run()

    fun runAll() = repeat(kept.size) { runNext() }
}
