package dev.kobahn.protocol

/** How far a message that is sent piece by piece has come. Autobahn: `SEND_STATE_…`. */
public enum class SendState {
    /** No message is open. */
    GROUND,

    /** A message was begun, but none of its frames. */
    MESSAGE_BEGIN,

    /** A message is open, and none of its frames. */
    INSIDE_MESSAGE,

    /** A frame of a message is open: only its data can follow. */
    INSIDE_MESSAGE_FRAME,
}
