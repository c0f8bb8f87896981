package dev.kobahn.internal.java

import java.util.concurrent.CompletableFuture
import kotlin.coroutines.CoroutineContext
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.launch

/**
 * Creates futures from suspending calls on one connection, server or client. Each call begins on
 * the caller's thread, so calls take effect in their order. After a suspension it continues on
 * [dispatcher], that of the listeners, or on [JavaThreads.futures] if [dispatcher] is a default.
 * Cancelling a future cancels its call.
 *
 * The calls have no parent job: each ends with its connection, server or client, which has an
 * owner. A call made after the end must still be answered.
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

    /** Returns a future that completes without a value when [call] has returned. */
    fun completion(call: suspend () -> Unit): CompletableFuture<Void?> = future {
        call()
        null
    }

    /**
     * Runs [action] on the dispatcher, or on any thread if the dispatcher accepts no more tasks.
     */
    @OptIn(DelicateCoroutinesApi::class)
    fun dispatch(action: () -> Unit) {
        scope.launch(start = CoroutineStart.ATOMIC) { action() }
    }
}
