package dev.kobahn.internal.server

import dev.kobahn.ListenerOptions
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.internal.transport.Acceptor
import dev.kobahn.internal.transport.EventLoopGroup
import dev.kobahn.internal.transport.ListenSettings
import dev.kobahn.internal.transport.SocketSettings
import dev.kobahn.internal.transport.SocketTransport
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive

/** The places where a server listens, at least one. Immutable. */
internal class Listeners private constructor(private val acceptors: List<Acceptor>) {
    /** The port of the first TCP listener, or null if there is none. */
    val port: Int? = acceptors.firstOrNull { it.local.startsWith("tcp") }?.port

    /** The addresses in the form of a transport, in the order of the options. */
    val addresses: List<String> = acceptors.map { it.local }

    /**
     * Starts to accept, as children of [scope]. Cancelling the returned jobs stops accepting; when
     * they have completed, the ports are free again and the files of Unix sockets are removed.
     */
    fun start(scope: CoroutineScope): List<Job> = acceptors.map { it.start(scope) }

    companion object {
        /**
         * Binds all places that [options] name, or none if one of them fails: throws the
         * IOException of that one. Each listener passes its connections to what [acceptance]
         * returns for it.
         */
        suspend fun bind(
            options: WebSocketServerOptions,
            loops: EventLoopGroup.Lease,
            acceptance: (ListenerOptions) -> (SocketTransport) -> Unit,
        ): Listeners {
            val settings = settings(options)
            val acceptors = ArrayList<Acceptor>()
            try {
                for (listener in options.allListeners()) {
                    val onAccept = acceptance(listener)
                    acceptors += Acceptor.bind(listener.endpoint, loops, settings, onAccept)
                }
                currentCoroutineContext().ensureActive()
            } catch (failure: Throwable) {
                acceptors.forEach { it.close() }
                throw failure
            }
            return Listeners(acceptors)
        }

        private fun settings(options: WebSocketServerOptions) = ListenSettings(
            backlog = options.backlog,
            reusePort = options.reusePort,
            accepted = SocketSettings(
                tcpNoDelay = options.tcpNoDelay,
                tcpKeepAlive = options.tcpKeepAlive,
                receiveBufferSize = options.receiveBufferSize,
                sendBufferSize = options.sendBufferSize,
            ),
        )
    }
}
