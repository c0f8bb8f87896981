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

/** Keeps its tasks until the test runs them. */
internal class KeptDispatches : CoroutineDispatcher() {
    val kept = ArrayDeque<Runnable>()
    val contexts = ArrayList<CoroutineContext>()

    override fun dispatch(context: CoroutineContext, block: Runnable) {
        kept.add(block)
        contexts.add(context)
    }

    /** Runs the next task, and throws the exception that reached the thread's handler. */
    fun runNext() {
        var failure: Throwable? = null
        tellingOfFailures({ failure = it }) { kept.removeFirst().run() }
        failure?.let { throw it }
    }

    fun runAll() = repeat(kept.size) { runNext() }
}
