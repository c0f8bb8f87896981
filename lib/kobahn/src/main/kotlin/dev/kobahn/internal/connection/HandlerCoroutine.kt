package dev.kobahn.internal.connection

import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.intrinsics.createCoroutineUnintercepted
import kotlin.coroutines.resume
import kotlinx.coroutines.AbstractCoroutine
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.InternalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.handleCoroutineException

/**
 * The coroutine of the handler of a [connection], as `launch` would make it. When it is cancelled
 * it tells those who wait for messages itself. So a handler that waits is registered nowhere, which
 * would cost an object for each message.
 */
@OptIn(InternalCoroutinesApi::class)
internal class HandlerCoroutine(context: CoroutineContext, val connection: Connection) :
    AbstractCoroutine<Unit>(context, initParentJob = false, active = true) {
    init {
        // Not before the connection is known: a parent that is cancelled cancels at once.
        initParentJob(context[Job])
    }

    /** Starts with [block] as soon as [resumer] runs it, even if it is cancelled before. */
    fun startBy(resumer: CoroutineDispatcher, block: suspend Unit.() -> Unit) {
        val beginning = block.createCoroutineUnintercepted(Unit, this)
        resumer.interceptContinuation(beginning).resume(Unit)
    }

    override fun onCancelling(cause: Throwable?) = connection.handlerCancelled()

    override fun handleJobException(exception: Throwable): Boolean {
        handleCoroutineException(context, exception)
        return true
    }
}
