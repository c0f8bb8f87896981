package dev.kobahn.protocol

import java.nio.ByteBuffer

/**
 * What a [Protocol][dev.kobahn.protocol.endpoint.Protocol] finds in the octets it is fed, in wire order. Data comes in chunks as it
 * arrives, between the marks of its frames and messages; a message is over with [onMessageEnd].
 * Control frames may come between any two chunks of a message.
 *
 * The calls come from within [Protocol.receive][dev.kobahn.protocol.endpoint.Protocol.receive]. A [ProtocolException] thrown by an event of a
 * message fails the connection, as a broken rule does. Any other exception passes through and
 * leaves the protocol in no usable state.
 */
public interface ProtocolEvents {
    /** A message of [type] begins. Autobahn: `onMessageBegin`. */
    public fun onMessageBegin(type: MessageType) {}

    /**
     * A data frame begins, with [length] octets of payload declared. In a message that extensions
     * restore that is what it has on the wire: its data may be of any length, and come with a later
     * frame of the message. Autobahn: `onMessageFrameBegin`.
     */
    public fun onFrameBegin(length: Long) {}

    /**
     * Payload of the message that is open: what [chunk] has remaining. Unmasked and, for text,
     * valid UTF-8 so far. Only good during the call; nothing of it needs to be consumed.
     * Autobahn: `onMessageFrameData`.
     */
    public fun onFrameData(chunk: ByteBuffer) {}

    /** The data frame is complete. Autobahn: `onMessageFrameEnd`. */
    public fun onFrameEnd() {}

    /** The message is complete. Autobahn: `onMessageEnd`. */
    public fun onMessageEnd() {}

    /** A Ping arrived, which [onPongDue] follows. Autobahn: `onPing`. */
    public fun onPing(payload: ByteArray) {}

    /**
     * The Ping with [payload] is to be answered. True has that done; false leaves it to a later
     * [Protocol.sendPong][dev.kobahn.protocol.endpoint.Protocol.sendPong], or to nobody.
     */
    public fun onPongDue(payload: ByteArray): Boolean = true

    /** A Pong arrived, asked for or not. Autobahn: `onPong`. */
    public fun onPong(payload: ByteArray) {}

    /**
     * The peer's Close arrived, with [code] null if it carried none. Nothing follows it. Autobahn:
     * `onCloseFrame`.
     */
    public fun onClose(code: Int?, reason: String) {}

    /** The peer broke a rule. No further event but [onClose] comes. */
    public fun onFailure(cause: ProtocolException) {}

    /**
     * A Close frame is due: the answer to the peer's, or the one that fails the connection. True
     * has it sent at once. False leaves it to a later call of [Protocol.sendDueClose][dev.kobahn.protocol.endpoint.Protocol.sendDueClose], so that
     * answers to messages that came before can still leave (RFC 6455 section 5.5.1: "as soon as
     * practical"). Called also when a Close was sent before; then there is none left to send.
     */
    public fun onCloseDue(): Boolean = true
}
