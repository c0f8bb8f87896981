package dev.kobahn.internal.java

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers

/**
 * The default dispatchers for code of Java applications. That code blocks, so it must not run on
 * the few threads of [Dispatchers.Default], which coroutines need.
 *
 * Each dispatcher has its own threads, started when needed, so a listener takes no thread from the
 * work it waits for. There are two exceptions: an `onOpen` of a client that waits for another
 * opening, and a stage of a future that waits for another future.
 */
internal object JavaThreads {
    private val most = maxOf(64, 4 * Runtime.getRuntime().availableProcessors())

    /** The dispatcher for the listeners of servers. */
    val servers: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(most)

    /**
     * The dispatcher for the listeners of clients. Separate, because listeners of servers may wait
     * for them.
     */
    val clients: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(most)

    /**
     * The dispatcher for the openings of clients, up to the return of `onOpen`. Separate, because
     * all listeners may wait for them.
     */
    private val openings: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(most)

    /**
     * The dispatcher that completes futures. Separate, because all the other code may wait for
     * them.
     */
    val futures: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(most)

    /**
     * Returns the dispatcher on which a client with the listener dispatcher [listeners] opens
     * connections.
     */
    fun openingsBeside(listeners: CoroutineDispatcher): CoroutineDispatcher =
        if (listeners === clients) openings else listeners
}
