package dev.kobahn.benchmarks.clients

/** A client that holds conversations with an echo server, with strings as its users write it. */
internal fun interface PeerClient {
    /**
     * Opens a connection to [url] for each of [exchanges] and lets it talk; returns when all are
     * open.
     */
    fun start(url: String, exchanges: List<Exchange>)
}
