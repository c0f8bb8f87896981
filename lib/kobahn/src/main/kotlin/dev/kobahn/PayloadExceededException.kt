package dev.kobahn

/**
 * A message to be sent is longer than `maxMessagePayloadSize`. Nothing of it was sent, and the
 * connection goes on. Autobahn: `PayloadExceededError`.
 */
public class PayloadExceededException internal constructor(
    /** The length of the message in octets. */
    public val size: Int,
    /** The limit in octets. */
    public val limit: Long,
) : IllegalArgumentException("the message has $size octets, maxMessagePayloadSize is $limit")
