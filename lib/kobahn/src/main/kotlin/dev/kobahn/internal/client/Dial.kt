package dev.kobahn.internal.client

import dev.kobahn.HandshakeException
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.internal.connection.ConnectionLog
import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.loggedBy
import dev.kobahn.internal.transport.Endpoint
import dev.kobahn.internal.transport.EndpointAddress
import dev.kobahn.internal.transport.EventLoop
import dev.kobahn.internal.transport.SocketSettings
import dev.kobahn.internal.transport.SystemResolver
import dev.kobahn.internal.transport.connect
import dev.kobahn.internal.transport.proxy.ProxyRefusedException
import dev.kobahn.internal.transport.proxy.tunnel
import dev.kobahn.internal.transport.resolve
import dev.kobahn.internal.transport.tls.ClientTls
import dev.kobahn.internal.transport.tls.TlsFailure
import dev.kobahn.internal.transport.tls.TlsPeer
import dev.kobahn.protocol.ConnectionException
import dev.kobahn.protocol.handshake.HostAndPort
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.protocol.proxy.HttpConnect
import dev.kobahn.protocol.proxy.ProxyDialogue
import dev.kobahn.protocol.proxy.ProxyRefusal
import dev.kobahn.protocol.proxy.Socks5
import dev.kobahn.proxy.ProxyException
import dev.kobahn.proxy.ProxyServer
import dev.kobahn.tls.TlsException
import java.io.IOException

/**
 * Opens the transport to the server of [url], step by step: a proxy if there is one, the TCP or
 * Unix connection, the tunnel through the proxy, TLS. The time for all steps, and for the opening
 * handshake behind them, is limited together; [step] tells where it went.
 *
 * @param tls secures transports for `wss`
 * @param time that which is left for this dial, and for the opening handshake behind it
 * @param isElsewhere whether a redirect has led to another server than the application has asked for
 */
internal class Dial(
    private val url: WebSocketUrl,
    private val options: WebSocketClientOptions,
    private val loop: EventLoop,
    private val tls: ClientTls,
    private val time: TimeLimit,
    private val isElsewhere: Boolean = false,
) {
    /**
     * A step on the way to an open connection.
     *
     * @property lack what is missing when the time ends in this step, for the exception's message
     */
    enum class Step(val lack: String) {
        CHOOSE("the choice of a proxy did not return"),
        LOOKUP("the host's name was not looked up (DNS)"),
        CONNECT("no TCP connection"),
        PROXY_TLS("the TLS handshake with the proxy was not done"),
        PROXY("no tunnel through the proxy"),
        TLS("the TLS handshake was not done"),
        AUTHORIZE("bearerAuth did not return"),
        ASK("onConnecting did not return"),
        HANDSHAKE("no answer to the opening handshake"),
    }

    private val endpoint: Endpoint =
        url.socketPath?.let(Endpoint::Unix) ?: Endpoint.Tcp(url.host, url.port)

    private var transport: Transport? = null

    @Volatile
    var step = Step.CHOOSE

    /** The part that is missing when the time ends now. */
    val lack: String
        get() = if (step == Step.CONNECT && url.socketPath != null) {
            "no connection to the Unix socket"
        } else {
            step.lack
        }

    /** The proxy, once it is chosen, and the dialogue with it. */
    @Volatile
    private var proxy: ProxyServer? = null

    @Volatile
    private var dialogue: ProxyDialogue? = null

    /** The addresses that were or will be tried. */
    @Volatile
    private var tried = emptyList<EndpointAddress>()

    /** The address of the server, for the messages of exceptions. */
    val server: String = "$endpoint"

    /** The failures of single addresses. */
    val failures = ArrayList<IOException>(0)

    /** The log of the transport, or null. */
    val log: ConnectionLog? get() = transport?.log

    /** Returns the transport to the server, not started. If this throws, call [close]. */
    suspend fun open(): Transport {
        // A proxy knows nothing of the sockets in the file system of this machine.
        val proxy = if (url.socketPath == null) options.proxy?.proxyFor(url) else null
        this.proxy = proxy
        val connected = if (proxy == null) connectTo(endpoint) else openThrough(proxy)
        val secured = if (url.isSecure) secure(connected, url.host, url.port) else connected
        // Not before: a log must not hold the credentials for the proxy.
        return secured.loggedBy(options.wireLogConfig()).also { transport = it }
    }

    /** Takes [foreign], which leads to the server already. */
    fun adopt(foreign: Transport): Transport =
        foreign.loggedBy(options.wireLogConfig()).also { transport = it }

    private suspend fun connectTo(endpoint: Endpoint): Transport {
        step = Step.LOOKUP
        val addresses = endpoint.resolve(options.resolver ?: SystemResolver)
        tried = addresses
        step = Step.CONNECT
        return connect(addresses, loop, settings(), failures, time.left)
            .also { transport = it }
    }

    private fun settings() = SocketSettings(
        tcpNoDelay = options.tcpNoDelay,
        tcpKeepAlive = options.tcpKeepAlive,
        receiveBufferSize = options.receiveBufferSize,
        sendBufferSize = options.sendBufferSize,
    )

    private suspend fun secure(connected: Transport, host: String, port: Int): Transport {
        step = Step.TLS
        try {
            val peer = if (isElsewhere) TlsPeer.REDIRECTED else TlsPeer.ASKED
            return explaining { tls.secure(connected, host, port, peer) }
        } catch (failure: TlsFailure) {
            // The transport closes by itself, when the server has been sent the alert.
            transport = null
            throw tlsException("$server: ${failure.message}", failure)
        }
    }

    /** The exception for programs, which know the reasons of TLS. */
    private fun tlsException(message: String, failure: TlsFailure) =
        TlsException(message, failure.reason, failure.cause)

    // The way through a proxy.

    /** Opens a tunnel; a second time, on a new connection, if the proxy asks for credentials. */
    private suspend fun openThrough(proxy: ProxyServer): Transport = explaining {
        tunnelThrough(proxy, proxy.sendsCredentialsAtOnce)
            ?: tunnelThrough(proxy, sendsCredentials = true)!!
    }

    /** Runs [block], in which the proxy may turn out to refuse, and then throws ProxyException. */
    suspend fun <T> explaining(block: suspend () -> T): T = try {
        block()
    } catch (refused: ProxyRefusedException) {
        throw proxyException(refused)
    }

    private fun proxyException(refused: ProxyRefusedException): ProxyException {
        val refusal = refused.refusal
        val failure =
            refused.cause as? TlsFailure ?: return proxyException(refusal, refused.cause)
        // With TLS 1.3 an https proxy refuses the client's certificate only now.
        val reason = if (refusal.status == null) failure.message!! else refusal.reason
        val cause = tlsException("$proxy: ${failure.message}", failure)
        return proxyException(refusal, cause, reason)
    }

    private suspend fun tunnelThrough(proxy: ProxyServer, sendsCredentials: Boolean): Transport? {
        val dialogue = dialogue(proxy, sendsCredentials)
        // The answer in a first dialogue is no reason for a timeout from here on.
        this.dialogue = null
        val connected = reach(proxy)
        step = Step.PROXY
        this.dialogue = dialogue
        val tunnel = tunnel(connected, dialogue)
        if (tunnel == null) connected.close()
        return tunnel?.also { transport = it }
    }

    /** Connects to [proxy], with TLS if it is an `https` one. */
    private suspend fun reach(proxy: ProxyServer): Transport {
        try {
            val connected = connectTo(Endpoint.Tcp(proxy.host, proxy.port))
            if (proxy.kind != ProxyServer.Kind.HTTPS) return connected
            step = Step.PROXY_TLS
            return tls.secure(connected, proxy.host, proxy.port, TlsPeer.PROXY)
                .also { transport = it }
        } catch (failure: IOException) {
            val message = "$proxy cannot be reached: ${failure.message}"
            val cause =
                if (failure is TlsFailure) tlsException(message, failure) else failure
            throw ProxyException(message, proxy, cause = cause)
        }
    }

    private fun dialogue(proxy: ProxyServer, sendsCredentials: Boolean): ProxyDialogue {
        // A zone is a name for an interface of this machine.
        val host = HostAndPort.withoutZone(url.host)
        return if (proxy.kind == ProxyServer.Kind.SOCKS5) {
            if (host.length > Socks5.MAX_TEXT) {
                throw ProxyException("$proxy: SOCKS5 takes host names up to 255 bytes", proxy)
            }
            Socks5(host, url.port, proxy.credentials)
        } else {
            HttpConnect(
                "${HostAndPort.bracketed(host)}:${url.port}",
                options.userAgent,
                proxy.headers,
                proxy.credentials,
                sendsCredentials,
                options.headLimits,
            )
        }
    }

    private fun proxyException(
        refusal: ProxyRefusal,
        cause: Throwable?,
        reason: String = refusal.reason,
    ) = ProxyException(
        "$proxy opens no tunnel to $server: $reason",
        proxy!!,
        refusal.status,
        refusal.headers,
        refusal.body,
        refusal.reply,
        cause,
    )

    // The end.

    /** Returns the exception for a dial that took too long, with [message] about the time. */
    fun timedOut(message: String): ConnectionException {
        val proxy = proxy
        val told = message + remedy()
        if (proxy == null || step >= Step.TLS) return HandshakeException("$server: $told")
        return dialogue?.partialRefusal?.let { proxyException(it, cause = null) }
            ?: ProxyException("$proxy, to $server: $told", proxy)
    }

    private fun remedy() = when (step) {
        Step.CONNECT -> tried.joinToString(
            prefix = "; a firewall may drop the packets, or the host is down: tried ",
            limit = MAX_TOLD,
        )

        Step.LOOKUP -> "; is there a network?"

        else -> ""
    }

    /** Closes the transport, if there is one. */
    fun close() {
        transport?.close()
    }

    private companion object {
        /** The number of addresses that a message names. */
        const val MAX_TOLD = 4
    }
}
