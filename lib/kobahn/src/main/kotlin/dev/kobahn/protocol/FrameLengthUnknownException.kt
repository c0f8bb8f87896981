package dev.kobahn.protocol

/**
 * A frame of a given length was to be sent in a message that an extension transforms, so that
 * nobody can know the length of its frames before they are made. Send the message in pieces without
 * a length, or without compression.
 */
public class FrameLengthUnknownException internal constructor() :
    IllegalStateException(
        "the frames of a compressed message have no length in advance; " +
            "write without frame(length), or send the message with doNotCompress",
    )
