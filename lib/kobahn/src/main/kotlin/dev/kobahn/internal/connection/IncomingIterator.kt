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
 * Takes [messages] one after the other, for one coroutine at a time, and is itself what waits for
 * the next: a message that is there costs no garbage, and waiting costs no more than the
 * registration with the coroutine's [Job], which a [HandlerCoroutine] does without.
 *
 * A wait begins in [hasNext]. Who has something for it calls [tell], and so does the coroutine's
 * cancellation. Then [resumeWith] runs, where the coroutine runs, and takes a message; if others
 * were faster it waits on. The connection's own loop runs it as it is; for every other dispatcher
 * it is wrapped, as coroutines are.
 */
@OptIn(InternalCoroutinesApi::class)
internal class IncomingIterator<E : Any>(private val messages: IncomingMessages<E>) :
    ChannelIterator<E>,
    Continuation<Unit>,
    Runnable,
    CoroutineStackFrame,
    (Throwable?) -> Unit {
    private var next: E? = null

    // The wait. It is made known to others last, and from then on belongs to [resumeWith].
    private var waiter: Continuation<Boolean>? = null
    private var registration: DisposableHandle? = null

    /** The context of who waits, or of who last did. */
    override var context: CoroutineContext = EmptyCoroutineContext
        private set

    /** This, on the dispatcher of [context]; null where that is the loop's. */
    private var dispatched: Continuation<Unit>? = this

    /** Who began to wait after this one; guarded as [messages] are. */
    var behind: IncomingIterator<E>? = null

    override suspend fun hasNext(): Boolean {
        if (next != null) return true
        messages.owner.beforeReceive()
        if (takeNext(coroutineContext)) return true
        return await()
    }

    override fun next(): E {
        val message = checkNotNull(next) { "hasNext was not called or returned false" }
        next = null
        return message
    }

    private fun takeNext(context: CoroutineContext): Boolean {
        next = messages.take(context)
        return next != null
    }

    private suspend fun await(): Boolean = suspendCoroutineUninterceptedOrReturn { waiter ->
        begin(waiter)
        val outcome = if (messages.await(this)) SUSPENDED else proceed()
        if (outcome == SUSPENDED) COROUTINE_SUSPENDED else end().let { outcome.getOrThrow() }
    }

    private fun begin(waiter: Continuation<Boolean>) {
        this.waiter = waiter
        if (context !== waiter.context) enter(waiter.context)
        val job = context[Job] ?: return
        if (messages.owner.tellsWhenCancelled(job)) return
        registration = job.invokeOnCompletion(
            onCancelling = true,
            invokeImmediately = true,
            handler = this,
        )
    }

    private fun enter(context: CoroutineContext) {
        this.context = context
        val interceptor = context[ContinuationInterceptor]
        dispatched = when {
            interceptor == null -> this

            interceptor !is CoroutineDispatcher -> interceptor.interceptContinuation(this)

            interceptor !== messages.owner.dispatcher || context.hasThreadState ->
                messages.owner.resumer(interceptor).interceptContinuation(this)

            else -> null
        }
    }

    /** Whether something has to be set up in the thread before a coroutine may run there. */
    private val CoroutineContext.hasThreadState: Boolean
        get() = fold(false) { found, element -> found || element is ThreadContextElement<*> }

    private fun end(): Continuation<Boolean> {
        registration?.dispose()
        registration = null
        return checkNotNull(waiter).also { waiter = null }
    }

    /** What [hasNext] returns or throws; or [SUSPENDED], and then nothing here may be touched. */
    private fun proceed(): Result<Any> = runCatching {
        do {
            if (takeNext(context)) return@runCatching true
            if (messages.isClosedForReceive) return@runCatching messages.hasNextAtEnd()
        } while (!messages.await(this))
        COROUTINE_SUSPENDED
    }

    /** There is something to take, or was. From any thread, once for each wait. */
    fun tell() {
        dispatched?.resume(Unit) ?: messages.owner.dispatcher!!.dispatch(context, this)
    }

    override fun run() = resume(Unit)

    override fun resumeWith(result: Result<Unit>) {
        val outcome = proceed()
        if (outcome != SUSPENDED) end().resumeWith(outcome.map { it as Boolean })
    }

    /** The coroutine was cancelled. */
    override fun invoke(cause: Throwable?) {
        if (messages.withdraw(this)) tell()
    }

    override val callerFrame: CoroutineStackFrame? get() = waiter as? CoroutineStackFrame

    override fun getStackTraceElement(): StackTraceElement? = null

    private companion object {
        val SUSPENDED: Result<Any> = Result.success(COROUTINE_SUSPENDED)
    }
}
