package dev.kobahn.internal.transport.tls

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers

private const val LEAST = 4

/**
 * Runs the tasks of the TLS engines of servers, which keep a processor busy for milliseconds. It has
 * threads of its own right beside those of [Dispatchers.IO], which may all wait for lookups of
 * names; and no more than the machine can serve, so that many handshakes leave time for the loops.
 */
internal val serverTlsTasks: CoroutineDispatcher = tlsTasks()

/** Does that for clients: a trust manager that asks the network stops no server. */
internal val clientTlsTasks: CoroutineDispatcher = tlsTasks()

private fun tlsTasks() =
    Dispatchers.IO.limitedParallelism(maxOf(LEAST, Runtime.getRuntime().availableProcessors()))
