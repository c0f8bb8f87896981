package dev.kobahn.protocol.extension

/**
 * An extension in the configuration of a client (RFC 6455 section 9). Immutable: all connections of
 * a client share it.
 */
public interface ClientExtension {
    /**
     * The offers, most wanted first. Several elements of the same name are fallbacks of each other:
     * a server accepts at most one of them.
     */
    public val offers: List<ExtensionHeader>

    /**
     * Checks [answer], an element of the server's response. Returns null if it has the name of none
     * of [offers].
     *
     * @throws ExtensionException if it answers something that was not offered, which fails the
     * handshake
     */
    public fun confirm(answer: ExtensionHeader): AgreedExtension?
}

/**
 * An extension in the configuration of a server (RFC 6455 section 9). Immutable: all connections of
 * a server share it.
 */
public interface ServerExtension {
    /**
     * Picks one of [offers], or returns null to pick none. These are all elements that the client
     * offers, in its order, also those of other extensions. Must skip an offer that is malformed or
     * cannot be accepted, and never throw because of the client's offers.
     */
    public fun accept(offers: List<ExtensionHeader>): AgreedExtension?
}

/**
 * An extension that both ends agreed on, with the parameters of one connection. Immutable; its
 * [encoder] and [decoder] have the state.
 */
public interface AgreedExtension {
    /** The element of the server's response that states the agreement. */
    public val header: ExtensionHeader

    /**
     * The reserved bits that mark a message as transformed, on its first frame: a sum of [ReservedBits.RSV1],
     * [ReservedBits.RSV2] and [ReservedBits.RSV3]. 0 for an extension that transforms every message, also those that must not
     * be compressed.
     */
    public val reservedBits: Int

    /**
     * The longest message in bytes after decoding, if that is less than the connection's own
     * limit; 0 is no limit. A longer one fails the connection with 1009.
     */
    public val maxMessageSize: Long get() = 0

    /**
     * The factor by which a message may grow if it decodes to more than a MiB; 0 is no limit. A
     * longer one fails the connection with 1009.
     */
    public val maxExpansion: Int get() = 0

    /** Makes the encoder for sent messages. [pool] belongs to the connection's event loop. */
    public fun encoder(pool: CodecPool): MessageEncoder

    /** Makes the decoder for received messages. [pool] belongs to the connection's event loop. */
    public fun decoder(pool: CodecPool): MessageDecoder
}

/** The reserved bits of a frame (RFC 6455 section 5.2), for [AgreedExtension.reservedBits]. */
public object ReservedBits {
    /** The bit RSV1. */
    public const val RSV1: Int = 4

    /** The bit RSV2. */
    public const val RSV2: Int = 2

    /** The bit RSV3. */
    public const val RSV3: Int = 1
}

/** An answer does not fit its offer; the handshake fails with [message]. */
public class ExtensionException(message: String) : IllegalArgumentException(message)
