package dev.kobahn.protocol.proxy

import dev.kobahn.protocol.handshake.Headers
import java.nio.ByteBuffer

/**
 * The words that a client and a proxy exchange before the tunnel to the target is open. Bytes in,
 * bytes out; never throws because of its input. One dialogue serves one transport.
 */
internal interface ProxyDialogue {
    /** The bytes that the client sends first. */
    val opening: ByteArray

    /** Consumes bytes of the proxy, cut anywhere, and returns the next step. */
    fun receive(input: ByteBuffer): ProxyStep

    /** Returns the step if the proxy ends the transport now: a refusal, or [ProxyStep.Reconnect]. */
    fun end(): ProxyStep

    /** Returns the part of a refusal that has arrived, or null. From any thread. */
    val partialRefusal: ProxyRefusal?
}

/** The next step of a [ProxyDialogue]. */
internal sealed class ProxyStep {
    /** The proxy has to send more. */
    object More : ProxyStep()

    /** The client has to send [bytes]. */
    class Send(val bytes: ByteArray) : ProxyStep()

    /** The tunnel is open: what follows belongs to the target. */
    object Open : ProxyStep()

    /** The proxy asks for credentials, and can take them on a new connection only. */
    object Reconnect : ProxyStep()

    /** There will be no tunnel. */
    class Refused(val refusal: ProxyRefusal) : ProxyStep()
}

/**
 * The reason why a proxy opens no tunnel.
 *
 * @property reason without the names of proxy and target
 * @property status the HTTP status, or null if the proxy sent none
 * @property reply the code of a SOCKS5 reply, or null if the proxy sent none
 */
internal class ProxyRefusal(
    val reason: String,
    val status: Int? = null,
    val headers: Headers = Headers.EMPTY,
    val body: ByteArray = ByteArray(0),
    val reply: Int? = null,
)

/** A user name and a password for a proxy. */
internal class ProxyCredentials(val user: String, val password: String)
