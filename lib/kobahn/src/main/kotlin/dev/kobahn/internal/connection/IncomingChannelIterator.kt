package dev.kobahn.internal.connection

import kotlin.coroutines.Continuation
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.coroutineContext
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import kotlin.coroutines.jvm.internal.CoroutineStackFrame
import kotlin.coroutines.resume
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.InternalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.ThreadContextElement
import kotlinx.coroutines.channels.ChannelIterator

/**
 * Takes messages from [channel] one after the other, for one coroutine at a time. The iterator is
 * itself the continuation of its wait: an available message allocates nothing, and a wait only the
 * registration with the coroutine's [Job], which the [Connection.handler] does not need.
 *
 * A wait, step by step:
 *
 * | step | who | what |
 * | --- | --- | --- |
 * | [hasNext] | the coroutine | finds no message, joins the receivers of the channel, suspends |
 * | [wakeUp] | the loop, or the coroutine's cancellation | dispatches [resumeWith], once for each wait |
 * | [resumeWith] | the coroutine's dispatcher | takes a message, or joins the receivers again |
 *
 * The connection's own loop runs the iterator as a [Runnable]. Every other dispatcher gets an
 * intercepted continuation, as for any coroutine.
 */
@OptIn(InternalCoroutinesApi::class)
internal class IncomingChannelIterator<E : Any>(private val channel: IncomingChannel<E>) :
    ChannelIterator<E>,
    Continuation<Unit>,
    Runnable,
    CoroutineStackFrame,
    (Throwable?) -> Unit {
    private var next: E? = null

    // The wait. Joining the receivers publishes it; from then on only [resumeWith] touches it.
    private var waiter: Continuation<Boolean>? = null
    private var registration: DisposableHandle? = null

    /** The context of the coroutine that waits, or that waited last. */
    override var context: CoroutineContext = EmptyCoroutineContext
        private set

    /** This continuation on the dispatcher of [context], or null if that is the loop's. */
    private var intercepted: Continuation<Unit>? = this

    /** The receiver that began to wait after this one. Guarded by the monitor of [channel]. */
    var behind: IncomingChannelIterator<E>? = null

    override suspend fun hasNext(): Boolean {
        if (next != null) return true
        channel.listener.onReceive()
        if (takeNext(coroutineContext)) return true
        return await()
    }

    override fun next(): E {
        val message = checkNotNull(next) { "hasNext was not called or returned false" }
        next = null
        return message
    }

    private fun takeNext(context: CoroutineContext): Boolean {
        next = channel.take(context)
        return next != null
    }

    private suspend fun await(): Boolean = suspendCoroutineUninterceptedOrReturn { waiter ->
        begin(waiter)
        val outcome = if (channel.await(this)) SUSPENDED else proceed()
        if (outcome == SUSPENDED) COROUTINE_SUSPENDED else end().let { outcome.getOrThrow() }
    }

    private fun begin(waiter: Continuation<Boolean>) {
        this.waiter = waiter
        if (context !== waiter.context) enter(waiter.context)
        val job = context[Job] ?: return
        if (channel.listener.resumesOnCancellation(job)) return
        registration = job.invokeOnCompletion(
            onCancelling = true,
            invokeImmediately = true,
            handler = this,
        )
    }

    private fun enter(context: CoroutineContext) {
        this.context = context
        val interceptor = context[ContinuationInterceptor]
        intercepted = when {
            interceptor == null -> this

            interceptor !is CoroutineDispatcher -> interceptor.interceptContinuation(this)

            interceptor !== channel.listener.dispatcher || context.hasThreadState ->
                channel.listener.resumer(interceptor).interceptContinuation(this)

            else -> null
        }
    }

    /** Whether the coroutine needs something set up in its thread before it runs. */
    private val CoroutineContext.hasThreadState: Boolean
        get() = fold(false) { found, element -> found || element is ThreadContextElement<*> }

    private fun end(): Continuation<Boolean> {
        registration?.dispose()
        registration = null
        return checkNotNull(waiter).also { waiter = null }
    }

    /**
     * Returns what [hasNext] returns or throws, or [SUSPENDED]. After [SUSPENDED] nothing here may be
     * touched: the next wait may have begun.
     */
    private fun proceed(): Result<Any> = runCatching {
        do {
            if (takeNext(context)) return@runCatching true
            if (channel.isClosedForReceive) return@runCatching channel.hasNextAtEnd()
        } while (!channel.await(this))
        COROUTINE_SUSPENDED
    }

    /** Ends the wait. Another receiver may have taken the message. From any thread, once a wait. */
    fun wakeUp() {
        intercepted?.resume(Unit) ?: channel.listener.dispatcher!!.dispatch(context, this)
    }

    override fun run() = resume(Unit)

    override fun resumeWith(result: Result<Unit>) {
        val outcome = proceed()
        if (outcome != SUSPENDED) end().resumeWith(outcome.map { it as Boolean })
    }

    /** The coroutine was cancelled. */
    override fun invoke(cause: Throwable?) {
        if (channel.withdraw(this)) wakeUp()
    }

    override val callerFrame: CoroutineStackFrame? get() = waiter as? CoroutineStackFrame

    override fun getStackTraceElement(): StackTraceElement? = null

    private companion object {
        val SUSPENDED: Result<Any> = Result.success(COROUTINE_SUSPENDED)
    }
}
