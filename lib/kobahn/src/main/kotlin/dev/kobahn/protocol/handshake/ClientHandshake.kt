package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar
import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.ClientExtension
import dev.kobahn.protocol.extension.ExtensionException
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.ExtensionNegotiation
import dev.kobahn.protocol.onOneLine

/**
 * The client's side of one opening handshake (RFC 6455 section 4.1): writes the request, and checks
 * the response against that request. Immutable. Does no I/O.
 *
 * @param keyBytes sixteen bytes from a secure source of randomness, new ones for every handshake
 * @param asked the content of the request
 * @param isSecure whether the connection is `wss`, which has another default port
 * @param extensions the extensions to offer, in order
 * @property version the version to speak: 13 is RFC 6455, 8 its drafts hybi-10 to hybi-12
 * @param originField the name of the field for the origin, which was another one in hybi-10
 * @throws IllegalArgumentException for a value out of its range, naming it
 */
public class ClientHandshake internal constructor(
    private val asked: ConnectingRequest,
    keyBytes: ByteArray,
    private val isSecure: Boolean,
    private val extensions: List<ClientExtension>,
    public val version: Int,
    private val originField: String,
) {
    private val key = AcceptKey.encode(keyBytes)

    init {
        require(version in ProtocolVersions.SUPPORTED) {
            "version must be one of ${ProtocolVersions.SUPPORTED}, but is $version"
        }
    }

    /** Asks for a `ws` connection without extensions. */
    public constructor(asked: ConnectingRequest, keyBytes: ByteArray) :
        this(asked, keyBytes, isSecure = false)

    /** Asks for a connection of any kind. */
    public constructor(
        asked: ConnectingRequest,
        keyBytes: ByteArray,
        isSecure: Boolean = false,
        extensions: List<ClientExtension> = emptyList(),
        version: Int = ProtocolVersions.RFC_6455,
    ) : this(asked, keyBytes, isSecure, extensions, version, ORIGIN)

    /** The request to send. */
    public val request: RequestHead =
        RequestHead("GET", asked.resource, HttpGrammar.HTTP_1_1, requestHeaders())

    private fun requestHeaders(): Headers {
        val fields = Headers.Builder()
        fun addOwn(name: String, value: String?) {
            if (!value.isNullOrEmpty() && name !in asked.headers) fields.add(name, value)
        }
        addOwn("User-Agent", asked.userAgent)
        addOwn("Host", hostField(asked.host, asked.port, isSecure))
        fields.addAll(UPGRADE)
        // Some proxies drop the Upgrade field if they take the request for a cached page.
        addOwn("Pragma", "no-cache")
        addOwn("Cache-Control", "no-cache")
        fields.addAll(asked.headers).add(SEC_WEBSOCKET_KEY, key)
        asked.origin?.let { fields.add(originField, it) }
        if (asked.subprotocols.isNotEmpty()) {
            fields.add(SEC_WEBSOCKET_PROTOCOL, asked.subprotocols.joinToString(","))
        }
        val offers = extensions.flatMap { it.offers }
        if (offers.isNotEmpty()) {
            fields.add(SEC_WEBSOCKET_EXTENSIONS, ExtensionHeader.format(offers))
        }
        return fields.add(SEC_WEBSOCKET_VERSION, version.toString()).build()
    }

    /**
     * Checks [response], sent by [peer]. The extensions check the answers to their offers. Never
     * throws because of what the peer sent; only exceptions of an application's extension pass
     * through.
     */
    public fun check(response: ResponseHead, peer: String): ClientHandshakeResult {
        if (isInterim(response)) return ClientHandshakeResult.Interim
        val headers = response.headers
        val answers = ExtensionHeader.parse(headers[SEC_WEBSOCKET_EXTENSIONS].orEmpty())
        val wrong = switching(response) ?: accepted(headers) ?: extensions(headers, answers)
            ?: subprotocol(headers)
        if (wrong != null) return ClientHandshakeResult.Failed(wrong, response)
        val subprotocol = headers[SEC_WEBSOCKET_PROTOCOL]?.ifEmpty { null }
        val opened = ConnectionResponse(
            peer,
            headers,
            response.status,
            version,
            subprotocol,
            answers.orEmpty(),
        )
        return try {
            val agreed = ExtensionNegotiation.confirm(extensions, opened.extensions)
            ClientHandshakeResult.Opened(opened, agreed)
        } catch (refusal: ExtensionException) {
            ClientHandshakeResult.Failed(refusal.message.orEmpty(), response)
        }
    }

    private fun isInterim(response: ResponseHead) = response.version == HttpGrammar.HTTP_1_1 &&
        response.status < HttpStatus.OK && response.status != HttpStatus.SWITCHING_PROTOCOLS

    private fun switching(response: ResponseHead): String? = when {
        response.status != HttpStatus.SWITCHING_PROTOCOLS ->
            "answered ${response.status} ${response.reason}".trim().onOneLine() + " instead of 101"

        response.version != HttpGrammar.HTTP_1_1 -> "version is not HTTP/1.1"

        !response.headers["Upgrade"].equals(WEBSOCKET, ignoreCase = true) ->
            "Upgrade is not websocket"

        !response.headers.hasElement("Connection", "Upgrade") -> "Connection does not name Upgrade"

        else -> null
    }

    private fun accepted(headers: Headers): String? = when {
        headers.getAll(SEC_WEBSOCKET_ACCEPT).size != 1 ->
            "$SEC_WEBSOCKET_ACCEPT does not occur exactly once"

        headers[SEC_WEBSOCKET_ACCEPT] != AcceptKey.of(key) ->
            "$SEC_WEBSOCKET_ACCEPT does not fit the key"

        else -> null
    }

    private fun extensions(headers: Headers, answers: List<ExtensionHeader>?): String? = when {
        headers.getAll(SEC_WEBSOCKET_EXTENSIONS).size > 1 ->
            "$SEC_WEBSOCKET_EXTENSIONS occurs more than once"

        answers == null -> "malformed $SEC_WEBSOCKET_EXTENSIONS"

        answers.distinctBy { it.name.lowercase() }.size < answers.size ->
            "the server chose an extension twice"

        else -> null
    }

    private fun subprotocol(headers: Headers): String? {
        val values = headers.getAll(SEC_WEBSOCKET_PROTOCOL)
        return when {
            values.size > 1 -> "$SEC_WEBSOCKET_PROTOCOL occurs more than once"

            values.any { it.isNotEmpty() && it !in asked.subprotocols } ->
                "the server chose a subprotocol that was not offered"

            else -> null
        }
    }
}

/** The result of [ClientHandshake.check]. */
public sealed class ClientHandshakeResult {
    /**
     * The WebSocket is open.
     *
     * @property response the server's answer
     * @property extensions the extensions that both ends agreed on, for `Protocol.extend`
     */
    public class Opened internal constructor(
        public val response: ConnectionResponse,
        public val extensions: List<AgreedExtension>,
    ) : ClientHandshakeResult()

    /** A 1xx response other than 101. Another response follows, for a new parser. */
    public object Interim : ClientHandshakeResult()

    /**
     * The handshake failed.
     *
     * @property reason the failed check as one printable sentence, whatever the server's phrase was
     * @property response the response; unless its status is 101, a body may follow it
     */
    public class Failed internal constructor(
        public val reason: String,
        public val response: ResponseHead,
    ) : ClientHandshakeResult()
}

/** Returns the value of the `Host` field, without the default port of the scheme. */
internal fun hostField(host: String, port: Int, secure: Boolean): String {
    // RFC 6874 section 4: a zone must not leave this machine.
    val name = HostAndPort.bracketed(HostAndPort.withoutZone(host))
    return if (port == defaultPort(secure)) name else "$name:$port"
}

internal fun defaultPort(secure: Boolean): Int = if (secure) 443 else 80
