package dev.kobahn.internal.java

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers

/**
 * Where what Java hands in is called unless it brings an executor. Java's code blocks, so these are
 * not the threads of [Dispatchers.Default]: there are few of them, and coroutines need them, those
 * too that are waited for. Each has threads of its own, started when needed, so that none of what is
 * waited for lacks one because of those who wait.
 */
internal object JavaThreads {
    private val most = maxOf(64, 4 * Runtime.getRuntime().availableProcessors())

    /** For the listeners of servers. */
    val servers: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(most)

    /** For the listeners of clients, which those of servers may wait for. */
    val clients: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(most)

    /** For the futures, which all of them may wait for. */
    val futures: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(most)
}
