package dev.kobahn.internal.java

import java.util.concurrent.atomic.AtomicReference

/**
 * A future that is completed on the dispatcher of [calls]. Its dependent stages may therefore
 * block, and even wait for the next step of the coroutine that completes it.
 */
internal class DispatchedFuture<T>(private val calls: FutureCalls) : LoopSafeFuture<T>() {
    private enum class Outcome { OPEN, SUCCESS, FAILURE }

    private val outcome = AtomicReference(Outcome.OPEN)

    /** The thread that creates this future, while no dependent stage can exist. */
    @Volatile
    private var maker: Thread? = null

    /** Whether [succeed] has decided the outcome. */
    val succeeds: Boolean get() = outcome.get() == Outcome.SUCCESS

    /**
     * Runs [call] before the future is given to other code. During that, completing it on this
     * thread needs no dispatch.
     */
    fun <R> beforeOthersHaveIt(call: () -> R): R {
        maker = Thread.currentThread()
        try {
            return call()
        } finally {
            maker = null
        }
    }

    /**
     * Completes the future with [value] soon. Returns false without effect if the outcome was
     * decided before.
     */
    fun succeed(value: T): Boolean = decide(Outcome.SUCCESS) { complete(value) }

    /** Fails the future with [failure] soon. Otherwise like [succeed]. */
    fun fail(failure: Throwable): Boolean =
        decide(Outcome.FAILURE) { completeExceptionally(failure) }

    private fun decide(how: Outcome, tell: () -> Unit): Boolean {
        if (!outcome.compareAndSet(Outcome.OPEN, how)) return false
        if (maker === Thread.currentThread()) tell() else calls.dispatch(tell)
        return true
    }
}
