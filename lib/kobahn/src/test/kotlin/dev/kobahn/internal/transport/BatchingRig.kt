package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.Loop
import dev.kobahn.internal.connection.VirtualLoop
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.CoroutineDispatcher

/** The way of [loop] to [target], which the test sends and relieves itself. */
internal fun dispatcher(target: CoroutineDispatcher, loop: Loop = VirtualLoop()): BatchingDispatcher =
    BatchingDispatchers(loop).to(target)

internal fun BatchingDispatcher.add(block: () -> Unit): Unit = add(EmptyCoroutineContext, block)
