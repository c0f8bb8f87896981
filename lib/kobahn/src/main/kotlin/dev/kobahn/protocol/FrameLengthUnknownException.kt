package dev.kobahn.protocol

/**
 * The program announced the length of a frame in a message that an extension transforms: nobody
 * knows the lengths of its frames before they are encoded. Send the message in pieces without a
 * length, or without compression.
 */
public class FrameLengthUnknownException internal constructor() :
    IllegalStateException(
        "the frames of a compressed message have no length in advance; " +
            "write without frame(length), or send the message with doNotCompress",
    )
