package dev.kobahn.protocol.extension

/**
 * An extension as a client is configured for it (RFC 6455 section 9). Immutable: all connections of
 * a client share it.
 */
public interface ClientExtension {
    /**
     * What is offered, most wanted first. Several elements of the same name are fallbacks of each
     * other: a server accepts at most one of them.
     */
    public val offers: List<ExtensionHeader>

    /**
     * Judges [answer], an element of the server's response. Null if it answers none of [offers] by
     * its name.
     *
     * @throws ExtensionException if it answers what was not asked for, which fails the handshake
     */
    public fun confirm(answer: ExtensionHeader): AgreedExtension?
}

/**
 * An extension as a server is configured for it (RFC 6455 section 9). Immutable: all connections of
 * a server share it.
 */
public interface ServerExtension {
    /**
     * Picks one of [offers], which are all that the client offers, in its order, those of other
     * extensions among them. Null if none is wanted. An offer that is malformed or cannot be kept
     * is skipped: never throws because of what a client offered.
     */
    public fun accept(offers: List<ExtensionHeader>): AgreedExtension?
}

/**
 * An extension both ends agreed on, with the parameters of one connection. Immutable; what has a
 * state is made by [encoder] and [decoder].
 */
public interface AgreedExtension {
    /** The element of the server's response that both ends go by. */
    public val header: ExtensionHeader

    /**
     * The reserved bits that mark a message as transformed, on its first frame: a sum of [RSV1],
     * [RSV2] and [RSV3], or 0 for an extension that transforms every message, also those that are not to
     * be compressed.
     */
    public val reservedBits: Int

    /**
     * The longest message in octets after decoding, where that is less than the connection's own
     * limit; 0 is no limit. A longer one fails the connection with 1009.
     */
    public val maxMessageSize: Long get() = 0

    /**
     * How many times its size on the wire a message may have after decoding, once it has more than
     * a MiB then; 0 is no limit. A longer one fails the connection with 1009.
     */
    public val maxExpansion: Int get() = 0

    /** Makes what transforms the messages that are sent. [pool] is that of the connection's loop. */
    public fun encoder(pool: CodecPool): MessageEncoder

    /** Makes what transforms the messages that are received. [pool] is that of the connection's loop. */
    public fun decoder(pool: CodecPool): MessageDecoder

    /** The reserved bits of a frame (RFC 6455 section 5.2). */
    public companion object {
        /** The bit RSV1. */
        public const val RSV1: Int = 4

        /** The bit RSV2. */
        public const val RSV2: Int = 2

        /** The bit RSV3. */
        public const val RSV3: Int = 1
    }
}

/** An answer to an offer does not fit it; the handshake fails with [message]. */
public class ExtensionException(message: String) : IllegalArgumentException(message)
