package dev.kobahn.internal.java

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers

/**
 * Where what Java hands in is called unless it brings an executor. Java's code blocks, so these are
 * not the threads of [Dispatchers.Default]: there are few of them, and coroutines need them. Each
 * has threads of its own, started when needed. So listeners take no thread from what they wait for;
 * an `onOpen` of a client that waits for another opening does, and so does what depends on a future
 * and waits for another one.
 */
internal object JavaThreads {
    private val most = maxOf(64, 4 * Runtime.getRuntime().availableProcessors())

    /** For the listeners of servers. */
    val servers: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(most)

    /** For the listeners of clients, which those of servers may wait for. */
    val clients: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(most)

    /** For the openings of clients, up to the return of `onOpen`, which all listeners may wait for. */
    private val openings: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(most)

    /** For the futures, which all of them may wait for. */
    val futures: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(most)

    /** Where a client opens connections whose listeners are called in [listeners]. */
    fun openingsBeside(listeners: CoroutineDispatcher): CoroutineDispatcher =
        if (listeners === clients) openings else listeners
}
