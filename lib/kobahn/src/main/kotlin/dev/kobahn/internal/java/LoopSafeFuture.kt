package dev.kobahn.internal.java

import dev.kobahn.internal.transport.nameOfCurrentLoop
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

/**
 * A future that throws if an event loop waits for it: the loop may have to complete it, and all its
 * connections would stand still. From Java 9 on the same holds for dependent futures.
 */
internal open class LoopSafeFuture<T> : CompletableFuture<T>() {
    override fun get(): T {
        checkMayWait()
        return super.get()
    }

    override fun get(timeout: Long, unit: TimeUnit): T {
        checkMayWait()
        return super.get(timeout, unit)
    }

    override fun join(): T {
        checkMayWait()
        return super.join()
    }

    /**
     * Creates dependent futures. Overrides a method of Java 9, which Java 8 and Android 7 do not
     * have.
     */
    fun <U> newIncompleteFuture(): CompletableFuture<U> = LoopSafeFuture()

    private fun checkMayWait() {
        if (isDone) return
        val loop = nameOfCurrentLoop() ?: return
        throw IllegalStateException(
            "Waiting for this future would block the event loop $loop, which may have to " +
                "complete it. Use thenAccept or thenCompose, or have an executor call listeners",
        )
    }
}
