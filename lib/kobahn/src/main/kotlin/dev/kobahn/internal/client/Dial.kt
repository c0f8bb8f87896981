package dev.kobahn.internal.client

import dev.kobahn.WebSocketClientOptions
import dev.kobahn.internal.connection.ConnectionLog
import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.loggedBy
import dev.kobahn.internal.transport.Endpoint
import dev.kobahn.internal.transport.EventLoop
import dev.kobahn.internal.transport.SocketSettings
import dev.kobahn.internal.transport.connect
import dev.kobahn.internal.transport.resolve
import dev.kobahn.protocol.handshake.WebSocketUrl
import java.io.IOException

/**
 * Opens the transport to the server of [url], step by step. The time for all steps, and for the
 * opening handshake behind them, is limited together; [step] tells where it went.
 */
internal class Dial(
    private val url: WebSocketUrl,
    private val options: WebSocketClientOptions,
    private val loop: EventLoop,
) {
    /**
     * A step on the way to an open connection.
     *
     * @property lack what is missing when the time ends in this step, for the exception's message
     */
    enum class Step(val lack: String) {
        LOOKUP("the host's name was not looked up"),
        CONNECT("no connection"),
        ASK("onConnecting did not return"),
        HANDSHAKE("no answer to the opening handshake"),
    }

    private val endpoint: Endpoint =
        url.socketPath?.let(Endpoint::Unix) ?: Endpoint.Tcp(url.host, url.port)

    private var transport: Transport? = null

    @Volatile
    var step = Step.LOOKUP

    /** Where the server is, for the messages of exceptions. */
    val server: String = "$endpoint"

    /** The failures of single addresses. */
    val failures = ArrayList<IOException>(0)

    /** The log of the transport, or null. */
    val log: ConnectionLog? get() = transport?.log

    init {
        require(!url.isSecure) { "$server: wss needs TLS, which is not supported yet" }
    }

    /** Returns the transport to the server, not started. If this throws, call [close]. */
    suspend fun open(): Transport {
        val addresses = endpoint.resolve()
        step = Step.CONNECT
        val settings = SocketSettings(tcpNoDelay = options.tcpNoDelay)
        return connect(addresses, loop, settings, failures).loggedBy(options.wireLogConfig())
            .also { transport = it }
    }

    /** Closes the transport, if there is one. */
    fun close() {
        transport?.close()
    }
}
