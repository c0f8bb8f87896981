package dev.kobahn.internal.client

import dev.kobahn.HandshakeException
import dev.kobahn.TransportDetails
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.internal.connection.Connection
import dev.kobahn.internal.connection.Loop
import dev.kobahn.internal.connection.MemoryBudget
import dev.kobahn.internal.connection.SecureMaskingKeys
import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.call
import dev.kobahn.internal.connection.details
import dev.kobahn.internal.connection.within
import dev.kobahn.internal.transport.EventLoop
import dev.kobahn.internal.transport.tls.ClientTls
import dev.kobahn.protocol.ConnectionException
import dev.kobahn.protocol.handshake.AcceptKey
import dev.kobahn.protocol.handshake.ClientHandshake
import dev.kobahn.protocol.handshake.ConnectingRequest
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.Redirection
import dev.kobahn.protocol.handshake.ResponseHead
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.tls.TlsException
import kotlin.time.Duration

/** Everything that the connections of a client share. */
internal class ClientContext(val options: WebSocketClientOptions) {
    private val config = options.also { it.freeze() }.connectionConfig()
    val limits = options.headLimits
    val extensions = options.allExtensions()
    val budget = MemoryBudget.of(options.memoryBudget, "the client")
    val tls = ClientTls(options.tls)
    val maskingKeys = SecureMaskingKeys()

    fun connection(transport: Transport) =
        Connection(transport, config, maskingKeys, handlerOnLoop = false, budget = budget)
}

/**
 * The opening of one connection: dials, asks for the WebSocket, and does so again at another place
 * if the server redirects. `openHandshakeTimeout` limits all of it together.
 *
 * @param url where `connect` was told to go
 */
internal class Opening(
    private val context: ClientContext,
    private var url: WebSocketUrl,
    private val loop: EventLoop,
) {
    private val options = context.options

    /** The URLs asked so far. */
    private val chain = arrayListOf(url)

    /** Whether a redirect has led to another server, which must not see any credentials. */
    private var isElsewhere = false

    private val time = TimeLimit(options.openHandshakeTimeout, loop::nanoTime)
    private var dial = Dial(url, options, loop, context.tls, time)
    private var handshake: ClientOpeningHandshake? = null

    /** Returns the open connection, not greeted yet. */
    suspend fun open(): RealClientWebSocket = opened { follow() }

    /**
     * Opens the WebSocket over [transport], which another client has opened. That client may have
     * sent the request of [prepared] and got [response].
     */
    suspend fun openOver(
        transport: Transport,
        prepared: ClientHandshake? = null,
        response: ResponseHead? = null,
    ): RealClientWebSocket = opened {
        val adopted = dial.adopt(transport)
        val handshake = prepared ?: handshake(adopted.details(isServer = false))
        shakeHands(adopted, handshake, response).also { save(it.response.headers) }
    }

    private suspend fun opened(way: suspend () -> RealClientWebSocket): RealClientWebSocket {
        val opened = try {
            loop.limited(options.openHandshakeTimeout) { way() }
        } catch (failure: Throwable) {
            dial.close()
            throw failure
        }
        if (opened != null) return opened
        val message = "${dial.lack} within ${options.openHandshakeTimeout}"
        dial.log?.timeout(message)
        val failure = behindRedirects(handshake?.timedOut(message) ?: dial.timedOut(message))
        dial.failures.forEach(failure::addSuppressed)
        dial.close()
        throw failure
    }

    /** Runs [block], and returns null if it takes longer than [time]. Zero is no limit. */
    private suspend fun <T : Any> Loop.limited(time: Duration, block: suspend () -> T): T? =
        if (time > Duration.ZERO) within(time) { block() } else block()

    private suspend fun follow(): RealClientWebSocket {
        while (true) {
            try {
                return ask().also { save(it.response.headers) }
            } catch (refusal: HandshakeException) {
                save(refusal.headers)
                redirect(refusal)
            }
            handshake = null
            dial.close()
            dial = Dial(url, options, loop, context.tls, time, isElsewhere)
        }
    }

    private fun save(headers: Headers) {
        val setCookies = headers.getAll("Set-Cookie")
        if (setCookies.isNotEmpty()) options.cookies?.save(url, setCookies)
    }

    /** Asks the server of [url] for a WebSocket. */
    private suspend fun ask(): RealClientWebSocket {
        val transport = dial.open()
        return shakeHands(transport, handshake(transport.details(isServer = false)))
    }

    /** Returns the handshake that the options, the URL and the application describe. */
    suspend fun handshake(details: TransportDetails): ClientHandshake {
        val usual = request()
        dial.step = Dial.Step.ASK
        val asked = options.onConnecting?.invoke(usual, details) ?: usual
        require(asked.headers.count("Authorization") <= 1) {
            "Authorization is given twice: by the headers, onConnecting, an option or the URL"
        }
        return ClientHandshake(
            asked,
            context.maskingKeys.bytes(AcceptKey.KEY_BYTES),
            url.isSecure,
            context.extensions,
            options.version,
            options.originField,
        )
    }

    private suspend fun shakeHands(
        transport: Transport,
        handshake: ClientHandshake,
        response: ResponseHead? = null,
    ): RealClientWebSocket {
        dial.step = Dial.Step.HANDSHAKE
        val connection = context.connection(transport)
        val opening = ClientOpeningHandshake(
            transport,
            handshake,
            context.limits,
            dial.server,
            connection,
            followsRedirects = options.maxRedirects > 0,
        )
        this.handshake = opening
        loop.call { opening.start(response) }
        return RealClientWebSocket(connection, dial.explaining { opening.response.await() })
    }

    // The request.

    /** Returns the request that the options and the URL describe. */
    private suspend fun request() = ConnectingRequest(
        host = url.host,
        port = url.port,
        resource = url.resource,
        headers = headers(),
        userAgent = options.userAgent,
        origin = options.origin,
        subprotocols = options.subprotocols,
    )

    private suspend fun headers(): Headers {
        val headers =
            if (isElsewhere) Redirection.withoutSecrets(options.headers) else options.headers
        dial.step = Dial.Step.AUTHORIZE
        val authorization = authorization()
        val cookies = options.cookies?.load(url)
        if (authorization == null && cookies == null) return headers
        val fields = Headers.Builder()
        // RFC 6265 section 5.4: not more than one field.
        for ((name, value) in headers) {
            val isJoined = cookies != null && name.equals("Cookie", ignoreCase = true)
            if (!isJoined) fields.add(name, value)
        }
        if (authorization != null) fields.add("Authorization", authorization)
        if (cookies != null) {
            fields.add("Cookie", (headers.getAll("Cookie") + cookies).joinToString("; "))
        }
        return fields.build()
    }

    private suspend fun authorization(): String? = when {
        isElsewhere -> null
        else -> url.credentials?.headerValue ?: options.authorization?.invoke()
    }

    // Redirects.

    /** Goes on to the URL that the answer in [refusal] names, or throws. */
    private fun redirect(refusal: HandshakeException) {
        val isRedirect = Redirection.isOne(refusal.status, refusal.headers)
        if (options.maxRedirects == 0 || !isRedirect) throw told(refusal, refusal.message.orEmpty())
        val target = try {
            Redirection.resolve(url, refusal.headers["Location"].orEmpty())
        } catch (wrong: IllegalArgumentException) {
            throw told(
                refusal,
                "${dial.server}: answered ${refusal.status}, a redirect that cannot be followed: " +
                    wrong.message,
            )
        }
        // With cookies the same request may get another answer.
        if (options.cookies == null && target in chain) {
            throw told(refusal, "${dial.server}: the redirects go in a circle: " + way(target))
        }
        if (chain.size > options.maxRedirects) {
            val limit = options.maxRedirects
            throw told(refusal, "${dial.server}: more than $limit redirects: " + way(target))
        }
        isElsewhere = isElsewhere || !target.isSameOrigin(url)
        url = if (isElsewhere) target.withCredentials(null) else target
        chain.add(url)
    }

    private fun way(target: WebSocketUrl): String = text(chain + target)

    private fun text(urls: List<WebSocketUrl>): String =
        urls.joinToString(" -> ") { it.textWithoutQuery.take(MAX_URL) }

    /** Returns [failure] with the way to the server that it names, if redirects have led there. */
    private fun behindRedirects(failure: ConnectionException): ConnectionException {
        if (chain.size == 1 || failure !is HandshakeException) return failure
        return told(failure, "${failure.message}, after the redirect ${text(chain)}")
    }

    /** Returns [refusal] with another [message], and with the way to it. */
    private fun told(refusal: HandshakeException, message: String): HandshakeException {
        val isSame = chain.size == 1 && message == refusal.message
        if (isSame || refusal is TlsException) return refusal
        return HandshakeException(
            message,
            refusal.status,
            refusal.headers,
            refusal.body,
            refusal.cause,
            chain.toList(),
        )
    }

    private companion object {
        /** The length of a URL in a message about redirects. */
        const val MAX_URL = 200
    }
}
