package dev.kobahn.protocol

/** The progress of a message that is sent piece by piece. Autobahn: `SEND_STATE_…`. */
public enum class SendState {
    /** No message is open. */
    GROUND,

    /** A message has begun, but none of its frames. */
    MESSAGE_BEGIN,

    /** A message is open, but none of its frames is. */
    INSIDE_MESSAGE,

    /** A frame of a message is open: only its data can follow. */
    INSIDE_MESSAGE_FRAME,
}
