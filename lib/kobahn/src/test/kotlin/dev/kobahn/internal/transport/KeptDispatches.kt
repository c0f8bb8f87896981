package dev.kobahn.internal.transport

import kotlin.coroutines.CoroutineContext
import kotlinx.coroutines.CoroutineDispatcher

/** Runs [block] with [tell] as the thread's handler of uncaught exceptions. */
internal fun tellingOfFailures(tell: (Throwable) -> Unit, block: () -> Unit) {
    val thread = Thread.currentThread()
    val handler = thread.uncaughtExceptionHandler
    try {
        thread.setUncaughtExceptionHandler { _, failure -> tell(failure) }
        block()
    } finally {
        thread.uncaughtExceptionHandler = handler
    }
}

/** Keeps what it is to run until the test has it run. */
internal class KeptDispatches : CoroutineDispatcher() {
    val kept = ArrayDeque<Runnable>()
    val contexts = ArrayList<CoroutineContext>()

    override fun dispatch(context: CoroutineContext, block: Runnable) {
        kept.add(block)
        contexts.add(context)
    }

    /** What fails in there fails here: a thread would tell its handler of it. */
    fun runNext() {
        var failure: Throwable? = null
        tellingOfFailures({ failure = it }) { kept.removeFirst().run() }
        failure?.let { throw it }
    }

    fun runAll() = repeat(kept.size) { runNext() }
}
