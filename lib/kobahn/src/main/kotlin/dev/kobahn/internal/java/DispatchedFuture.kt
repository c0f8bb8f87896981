package dev.kobahn.internal.java

import java.util.concurrent.atomic.AtomicReference

/**
 * A future that is completed in the dispatcher of [calls]: what depends on it may block, and even
 * wait for what the coroutine that completes it does next.
 */
internal class DispatchedFuture<T>(private val calls: FutureCalls) : LoopSafeFuture<T>() {
    private enum class Outcome { OPEN, SUCCESS, FAILURE }

    private val outcome = AtomicReference(Outcome.OPEN)

    /** The thread that makes it, where nothing can depend on it before that is done. */
    @Volatile
    private var maker: Thread? = null

    /** Whether [succeed] has decided. */
    val succeeds: Boolean get() = outcome.get() == Outcome.SUCCESS

    /** Runs [call] before anybody else has this future: what completes it in this thread does so at once. */
    fun <R> beforeOthersHaveIt(call: () -> R): R {
        maker = Thread.currentThread()
        try {
            return call()
        } finally {
            maker = null
        }
    }

    /** Completes soon. False, and nothing happens, if it was decided before how it does. */
    fun succeed(value: T): Boolean = decide(Outcome.SUCCESS) { complete(value) }

    /** Fails soon; otherwise as [succeed]. */
    fun fail(failure: Throwable): Boolean =
        decide(Outcome.FAILURE) { completeExceptionally(failure) }

    private fun decide(how: Outcome, tell: () -> Unit): Boolean {
        if (!outcome.compareAndSet(Outcome.OPEN, how)) return false
        if (maker === Thread.currentThread()) tell() else calls.dispatch(tell)
        return true
    }
}
