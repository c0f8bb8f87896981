package dev.kobahn.internal.java

import java.util.concurrent.CompletableFuture
import kotlin.coroutines.CoroutineContext
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.launch

/**
 * Makes futures of suspending calls on one connection, server or client. Each call begins in the
 * caller's thread, so calls take effect in their order; where it has to wait, it goes on in
 * [dispatcher], the listeners' own, unless that is the default. Cancelling a future cancels its call.
 *
 * The calls have no parent: each ends when what it is about ends, and that is owned; and a call
 * that comes after the end must still be answered.
 */
internal class FutureCalls(dispatcher: CoroutineContext = JavaThreads.futures) {
    private val scope = CoroutineScope(
        SupervisorJob() +
            when (dispatcher) {
                JavaThreads.servers, JavaThreads.clients -> JavaThreads.futures
                else -> dispatcher
            },
    )

    fun <T> future(call: suspend () -> T): CompletableFuture<T> {
        val future = LoopSafeFuture<T>()
        val life = scope.launch(start = CoroutineStart.UNDISPATCHED) {
            try {
                future.complete(call())
            } catch (failure: Throwable) {
                future.completeExceptionally(failure)
            }
        }
        if (life.isCompleted) return future
        future.whenComplete { _, failure -> if (failure != null) life.cancel() }
        return future
    }

    /** A future that only tells when [call] has returned. */
    fun completion(call: suspend () -> Unit): CompletableFuture<Void?> = future {
        call()
        null
    }

    /** Runs [action] in the dispatcher, or in any thread if that takes no tasks any more. */
    @OptIn(DelicateCoroutinesApi::class)
    fun dispatch(action: () -> Unit) {
        scope.launch(start = CoroutineStart.ATOMIC) { action() }
    }
}
