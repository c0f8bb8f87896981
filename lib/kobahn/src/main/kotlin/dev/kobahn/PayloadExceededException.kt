package dev.kobahn

/**
 * A message to be sent is longer than `maxMessagePayloadSize`. Nothing was sent, and the connection
 * stays open. Autobahn: `PayloadExceededError`.
 */
public class PayloadExceededException internal constructor(
    /** The length of the message in bytes. */
    public val size: Int,
    /** The limit in bytes. */
    public val limit: Long,
) : IllegalArgumentException("the message has $size bytes, maxMessagePayloadSize is $limit")
