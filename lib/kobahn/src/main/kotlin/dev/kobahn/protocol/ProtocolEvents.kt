package dev.kobahn.protocol

import java.nio.ByteBuffer

/**
 * The events that a [Protocol][dev.kobahn.protocol.endpoint.Protocol] finds in received bytes, in
 * wire order. Data comes in chunks as it arrives, between events for the beginning and end of
 * frames and messages; [onMessageEnd] completes a message. Control frames may come between any two
 * chunks of a message.
 *
 * The events are called from within `receive`. A [ProtocolException] thrown by an event of a
 * message fails the connection, like a violation by the peer. Any other exception passes through
 * and leaves the protocol unusable.
 */
public interface ProtocolEvents {
    /** A message of [type] begins. Autobahn: `onMessageBegin`. */
    public fun onMessageBegin(type: MessageType) {}

    /**
     * A data frame begins, with [length] bytes of payload declared. If extensions restore the
     * message, that is the length on the wire: the restored data may have any length, and may come
     * with a later frame of the message. Autobahn: `onMessageFrameBegin`.
     */
    public fun onFrameBegin(length: Long) {}

    /**
     * A chunk of the open message: the remaining bytes of [chunk]. They are unmasked and, for
     * text, valid UTF-8 so far. The chunk is valid only during the call and need not be consumed.
     * Autobahn: `onMessageFrameData`.
     */
    public fun onFrameData(chunk: ByteBuffer) {}

    /** The data frame is complete. Autobahn: `onMessageFrameEnd`. */
    public fun onFrameEnd() {}

    /** The message is complete. Autobahn: `onMessageEnd`. */
    public fun onMessageEnd() {}

    /** A Ping arrived; [onPongDue] follows. Autobahn: `onPing`. */
    public fun onPing(payload: ByteArray) {}

    /**
     * The Ping with [payload] awaits its Pong. Return true to send it now, or false to send it
     * later or not at all.
     */
    public fun onPongDue(payload: ByteArray): Boolean = true

    /** A Pong arrived, requested or not. Autobahn: `onPong`. */
    public fun onPong(payload: ByteArray) {}

    /**
     * The peer's Close arrived; [code] is null if it carried none. No event follows. Autobahn:
     * `onCloseFrame`.
     */
    public fun onClose(code: Int?, reason: String) {}

    /** The peer broke a rule. Only [onClose] may follow. */
    public fun onFailure(cause: ProtocolException) {}

    /**
     * A Close frame is due: the answer to the peer's, or the one that fails the connection. Return
     * true to send it now. Return false to send it later with `sendDueClose`, so that answers to
     * earlier messages can still leave (RFC 6455 section 5.5.1: "as soon as practical"). Also
     * called if a Close was sent before; no second one is sent then.
     */
    public fun onCloseDue(): Boolean = true
}
