package dev.kobahn.hosting

import dev.kobahn.internal.transport.addressText
import dev.kobahn.internal.transport.toText
import dev.kobahn.protocol.onOneLine
import java.net.SocketAddress

/**
 * The ends of a [ByteStream], for logs, limits and
 * [TransportDetails][dev.kobahn.TransportDetails]. Immutable and safe to share.
 *
 * @param peer the other end, best in the form that `TransportDetails.peer` has:
 * `tcp4:203.0.113.7:52114`. The trust in `X-Forwarded-For` goes by it. Control characters are
 * escaped.
 * @param own this end in the same form, or empty
 * @property isSecure whether the bytes are encrypted on their way
 */
public class StreamDetails @JvmOverloads constructor(
    peer: String,
    own: String = "",
    public val isSecure: Boolean = false,
) {
    /** The other end, on one line. */
    public val peer: String = peer.onOneLine()

    /** This end, on one line. */
    public val own: String = own.onOneLine()

    override fun toString(): String = peer

    /** Makes details from addresses. */
    public companion object {
        /**
         * Returns the details of a stream between two sockets. Looks up no name.
         *
         * @param own this end, or null if it is not known
         */
        @JvmStatic
        @JvmOverloads
        public fun of(
            peer: SocketAddress,
            own: SocketAddress? = null,
            isSecure: Boolean = false,
        ): StreamDetails = StreamDetails(peer.toText(), own?.toText().orEmpty(), isSecure)

        /**
         * Returns the name of one end of a TCP connection, such as `tcp4:203.0.113.7:52114`. Looks
         * up no name.
         *
         * @param address an address in digits, with or without brackets, or the name of a host
         */
        @JvmStatic
        public fun tcp(address: String, port: Int): String = addressText(address, port)
    }
}
